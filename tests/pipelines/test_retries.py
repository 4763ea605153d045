import dagster as dg
import pytest

from quantmatrix_engine.errors import ContractError, DatabaseError
from quantmatrix_pipelines import retries


def attempts(error: Exception, *, failures: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Gives how often an asset ran that fails so many times."""
    monkeypatch.setattr(retries, "WAIT_SECONDS", 0)
    made = 0

    @dg.asset
    @retries.retried
    def rows(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        nonlocal made
        made += 1
        if made <= failures:
            raise error
        return dg.MaterializeResult(metadata={"attempt": context.retry_number})

    result = dg.materialize([rows], raise_on_error=False)
    assert result.success == (made > failures)
    return made


def test_what_another_attempt_can_mend_is_tried_again(monkeypatch: pytest.MonkeyPatch):
    assert attempts(DatabaseError("gone"), failures=2, monkeypatch=monkeypatch) == 3


def test_it_is_given_up_after_three_more_attempts(monkeypatch: pytest.MonkeyPatch):
    assert attempts(DatabaseError("gone"), failures=9, monkeypatch=monkeypatch) == 4


@pytest.mark.parametrize("error", [ContractError("no column close"), ZeroDivisionError("1 / 0")])
def test_what_no_attempt_can_mend_fails_at_once(error: Exception, monkeypatch: pytest.MonkeyPatch):
    assert attempts(error, failures=9, monkeypatch=monkeypatch) == 1
