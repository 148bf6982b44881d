"""What room there is, as a site's administrators see it."""

import shutil

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.problems import problem


async def test_the_volumes_are_shown(administrator: Person, settings: Settings) -> None:
    answer = await administrator.get("/api/admin/storage")
    assert answer.status == 200, await answer.text()
    found = await answer.json()
    assert found["uploads"]["reserve_bytes"] == settings.upload_reserve
    for name, folder in (("uploads", settings.uploads_dir), ("models", settings.models_dir)):
        assert found[name]["total_bytes"] == shutil.disk_usage(folder).total
        assert 0 <= found[name]["free_bytes"] <= found[name]["total_bytes"] - found[name]["used_bytes"]


async def test_a_volume_that_is_away_is_said_to_be(administrator: Person, settings: Settings) -> None:
    shutil.rmtree(settings.uploads_dir)
    await problem(await administrator.get("/api/admin/storage"), 503, "dependency-down")
