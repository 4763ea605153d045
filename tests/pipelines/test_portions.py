from quantmatrix_pipelines.portions import portions


def test_keys_are_taken_together_as_long_as_they_have_few_rows():
    rows = {0: 4, 1: 4, 3: 2, 7: 11, 8: 1, 9: 9, 12: 1}
    assert list(portions(rows, most=10)) == [[0, 1, 3], [7], [8, 9], [12]]


def test_nothing_is_no_portion():
    assert list(portions({}, most=10)) == []
