"""Whatever is tried in whatever order: a login is finished at most once, and by the browser that began it."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import pending_logins
from app.db.database import Database
from app.db.tables import PendingLogin, now

NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), NAMES, NAMES, st.booleans()),
        st.tuples(st.just("take"), NAMES, NAMES, st.just(False)),
        st.tuples(st.just("expire"), NAMES, NAMES, st.just(False)),
    ),
    max_size=25,
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, connections=1)
    yield database
    database.close()


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_login_is_finished_once_and_by_its_browser(
    database: Database, steps: list[tuple[str, str, str, bool]]
) -> None:
    database.run_here(PendingLogin.delete().execute)
    waiting: dict[str, tuple[str, bool]] = {}
    for number, (step, name, browser, lands) in enumerate(steps):
        if step == "begin":
            # A state is drawn from 256 bits: none comes twice.
            if name in waiting:
                continue
            database.run_here(pending_logins.begin, name, browser, 600, lands=lands)
            waiting[name] = (browser, lands)
        elif step == "take":
            expected = waiting.get(name)
            mine = expected is not None and expected[0] == browser
            assert database.run_here(pending_logins.take, name, browser) == (expected[1] if mine else None), number
            if mine:
                del waiting[name]
        else:
            database.run_here(PendingLogin.update(expires_at=now()).execute)
            for ended in list(waiting):
                assert database.run_here(pending_logins.take, ended, waiting.pop(ended)[0]) is None
            database.run_here(PendingLogin.delete().execute)
