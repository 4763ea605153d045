from quantmatrix_pipelines.defs.signals import outcomes


def test_cohorts_are_followed_together_as_long_as_they_have_few_signals(monkeypatch):
    monkeypatch.setattr(outcomes, "SIGNALS_AT_ONCE", 10)
    signals = {3: 4, 0: 4, 1: 2, 7: 11, 8: 1, 9: 9, 12: 1}
    assert list(outcomes.portions(signals)) == [[0, 1, 3], [7], [8, 9], [12]]


def test_nothing_to_follow_is_no_portion():
    assert list(outcomes.portions({})) == []
