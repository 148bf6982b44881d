"""Copies of a site, and bringing them back, on two hosts that are folders of this machine, with a real PostgreSQL.

Files belong to nobody but root in the namespace that the playbooks run in, so `postgres` is another name of root there.
"""

import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
import yaml

from app.standalone.postgres import PostgresServer, binary
from tests.playbooks.conftest import ANSIBLE, CHECKOUT

BACKUP = CHECKOUT / "playbooks" / "backup.yml"
RESTORE = CHECKOUT / "playbooks" / "restore.yml"
SCRIPT = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && shift 2 && exec "$@"'
NAMED_BY_ITSELF = re.compile(r"\d{8}T\d{6}Z")
# The hosts of the data alone: those of the API would be stopped, brought to a release, and asked whether they work.
DATA_ALONE = ("--limit", "database-1,volumes-1", "--skip-tags", "verify")
RECORDING = Path("3f") / "recording" / "source"
A_RECORDING_BYTES = 521_216
A_NIGHT_SECONDS = 13 * 3600
LOGGED_IN = """
with anna as (insert into users (id, username, administrator, active, must_change_password, created_at)
              values (gen_random_uuid(), 'anna', false, true, false, now()) returning id)
insert into sessions (token_hash, id, user_id, by_password, created_at, last_used_at, expires_at)
select 'hash', gen_random_uuid(), id, true, now(), now(), now() + interval '1 day' from anna
"""
STOPPED = "Stop the tiers of this host"


@dataclass
class Site:
    """A host with the database and one with the recordings; `folder` has a folder of copies for each.

    A program in its `bin` takes the place of the system's.
    """

    folder: Path
    server: PostgresServer
    database: str

    def run(self, playbook: Path, *arguments: str) -> tuple[int, str]:
        """Run a playbook and return its exit status and what it said, in one line."""
        for name, root in (("passwd", "postgres:x:0:0::/:/bin/sh"), ("group", "postgres:x:0:")):
            (self.folder / name).write_text(f"{(Path('/etc') / name).read_text().partition(chr(10))[0]}\n{root}\n")
        ended = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", SCRIPT, "bash",
             str(self.folder / "passwd"), str(self.folder / "group"),
             str(ANSIBLE), "-i", str(self.folder / "hosts.yml"), str(playbook), *arguments],
            cwd=CHECKOUT, capture_output=True, text=True, check=False,
            env={
                **os.environ, "ANSIBLE_NOCOLOR": "1", "PATH": f"{self.folder / 'bin'}:{binary('psql').parent}:{os.environ['PATH']}",
                "PGHOST": self.server.HOST, "PGPORT": str(self.server.port), "PGUSER": self.server.USER,
                "PGPASSWORD": self.server.password,
            },
        )  # fmt: skip
        return ended.returncode, re.sub(r"\s+", " ", ended.stdout + ended.stderr)

    def copies(self, host: str) -> set[str]:
        """Return the names of a host's copies, of unfinished ones too."""
        return {path.name for path in (self.folder / host).glob("*")}

    def add(self, host: str, *names: str) -> None:
        """Make copies of which only the names matter."""
        for name in names:
            (self.folder / host / name).mkdir(parents=True)

    def abandon(self, host: str, name: str) -> None:
        """Have nothing written to a copy since yesterday."""
        for path in (self.folder / host / name, *(self.folder / host / name).rglob("*")):
            os.utime(path, (time.time() - A_NIGHT_SECONDS,) * 2)

    def program(self, name: str, script: str) -> None:
        """Put a script in the place of the system's program."""
        (self.folder / "bin").mkdir(exist_ok=True)
        (self.folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / "bin" / name).chmod(0o755)

    @property
    def recording(self) -> Path:
        return self.folder / "uploads" / RECORDING

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(self.server.url(self.database))) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def site(postgres: PostgresServer, migrated_template: str, tmp_path: Path) -> Iterator[Site]:
    database = f"test_{uuid.uuid4().hex}"
    postgres.ensure_database(database, template=migrated_template)
    hosts = {
        "postgresql": {"hosts": {"database-1": {"vocalyx_backup_folder": str(tmp_path / "database"),
                                                "backup_database": database}}},
        "nfs_server": {"hosts": {"volumes-1": {"vocalyx_backup_folder": str(tmp_path / "volumes")}}},
        "api": {"hosts": {"api-1": {}}}, "transcription": {}, "enrichment": {},
    }  # fmt: skip
    variables = {
        "ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": "/usr/bin/python3",
        "vocalyx_uploads": str(tmp_path / "uploads"), "backup_keep": 2, "backup_free_mb": 1,
    }  # fmt: skip
    inventory = {"all": {"children": {"site": {"children": hosts}}, "vars": variables}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    found = Site(tmp_path, postgres, database)
    found.recording.parent.mkdir(parents=True)
    found.recording.write_bytes(b"what was said")
    yield found
    postgres.drop_database(database)


def test_a_copy_brings_back_what_was_there(site: Site) -> None:
    site.sql("create table proof (word text); insert into proof values ('kept')")
    site.sql(LOGGED_IN)
    site.add("database", "20260101T020000Z", "20260102T020000Z", "before-upgrade", "20260103T020000Z.part")
    site.add("volumes", "20260101T020000Z", "20260102T020000Z")
    site.abandon("database", "20260103T020000Z.part")
    status, said = site.run(BACKUP)
    assert status == 0, said

    # The oldest and the abandoned one are gone; what somebody named is theirs to remove.
    (name,) = {copy for copy in site.copies("volumes") if NAMED_BY_ITSELF.fullmatch(copy)} - {"20260102T020000Z"}
    assert site.copies("volumes") == {"20260102T020000Z", name}
    assert site.copies("database") == {"20260102T020000Z", "before-upgrade", name}
    for folder in (site.folder / "database" / name / "database", site.folder / "volumes" / name / "recordings"):
        assert folder.stat().st_mode & 0o077 == 0, "others read no copy"

    site.sql("update proof set word = 'changed'; create view newer as select word from proof")
    site.recording.unlink()
    later = site.recording.parent.with_name("later") / "source"
    later.parent.mkdir()
    later.write_bytes(b"what was said later")
    # As a tool may leave it that carries copies from host to host.
    (site.folder / "database" / name / "database").chmod(0o755)
    status, said = site.run(RESTORE, "-e", f"backup_name={name}", *DATA_ALONE)
    assert status == 0, said
    assert (site.folder / "database" / name / "database").stat().st_mode & 0o077 == 0
    assert site.sql("select word from proof") == [("kept",)]
    assert site.sql("select to_regclass('newer')") == [(None,)]
    # Nobody knows which of the logins of then have been ended since.
    assert site.sql("select username, (select count(*) from sessions) from users") == [("anna", 0)]
    assert site.recording.read_bytes() == b"what was said"
    assert later.read_bytes() == b"what was said later"
    assert [path.name for path in (site.folder / "database" / name / "database").iterdir()] == ["database.dump"]


def test_a_copy_that_fails_takes_no_older_ones_place(site: Site) -> None:
    older = {"20260101T020000Z", "20260102T020000Z", "20260103T020000Z"}
    site.add("database", *older)
    site.add("volumes", *older)
    hosts = yaml.safe_load((site.folder / "hosts.yml").read_text())
    volumes = hosts["all"]["children"]["site"]["children"]["nfs_server"]["hosts"]["volumes-1"]
    volumes["backup_free_mb"] = more_than_there_is = 2**40
    (site.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    status, said = site.run(BACKUP)
    assert status != 0
    assert f"{more_than_there_is} MiB have to stay free (backup_free_mb). Nothing was copied." in said
    assert "Dump it" not in said, "the other host has room, and copies nothing by itself"

    # Room is there, and yet the second half fails: the recordings' folder is none.
    del volumes["backup_free_mb"]
    (site.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    site.recording.unlink()
    site.recording.parent.rmdir()
    site.recording.parent.parent.rmdir()
    (site.folder / "uploads").rmdir()
    (site.folder / "uploads").write_text("a file")
    status, said = site.run(BACKUP)
    assert status != 0
    assert "Dump it" in said
    for host in ("database", "volumes"):
        assert older <= site.copies(host)
        assert all(name.endswith(".part") for name in site.copies(host) - older), "a failed copy has no name"


def test_an_archive_that_is_cut_within_a_recording_gets_no_name(site: Site) -> None:
    site.recording.write_bytes(bytes(A_RECORDING_BYTES))
    # As a disk may do it that loses the end of a file.
    site.program("tar", f'/bin/tar "$@" || exit\n[ "$1" != --create ] || truncate --size={A_RECORDING_BYTES // 2} "$3"')
    status, said = site.run(BACKUP, "-e", "backup_name=mine")
    assert status != 0
    assert "Read them again, to their end" in said
    assert site.copies("volumes") == site.copies("database") == {"mine.part"}


def test_a_copy_of_which_a_half_was_removed_meanwhile_takes_no_older_ones_place(site: Site) -> None:
    older = {"20260101T020000Z", "20260102T020000Z", "20260103T020000Z"}
    site.add("database", *older)
    site.add("volumes", *older)
    site.program("sync", 'rm -r "${1%/recordings/*}"')
    status, said = site.run(BACKUP, "-e", "backup_name=mine")
    assert status != 0, said
    assert "mine.part from volumes-1 while it was made. There is no copy mine" in said
    assert site.copies("volumes") == older
    assert site.copies("database") == older | {"mine.part"}


def test_a_copy_that_another_run_is_at_is_left_alone(site: Site) -> None:
    site.add("database", "20260101T020000Z", "20260102T020000Z.part")
    site.add("volumes", "20260102T020000Z.part/recordings")
    site.abandon("database", "20260102T020000Z.part")
    site.abandon("volumes", "20260102T020000Z.part")
    archive = site.folder / "volumes" / "20260102T020000Z.part" / "recordings" / "uploads.tar"
    archive.touch()
    os.utime(archive.parent, (time.time() - A_NIGHT_SECONDS,) * 2)
    status, said = site.run(BACKUP, "-e", "backup_name=mine")
    assert status != 0, said
    assert "Another run may be at work" in said
    assert f"rm -r {archive.parents[1]})" in said
    assert archive.exists()
    assert site.copies("database") == {"20260101T020000Z", "20260102T020000Z.part"}, "its other half is left alone, too"
    assert site.copies("volumes") == {"20260102T020000Z.part"}

    site.abandon("volumes", "20260102T020000Z.part")
    status, said = site.run(BACKUP, "-e", "backup_name=mine")
    assert status == 0, said
    assert site.copies("database") == {"20260101T020000Z", "mine"}
    assert site.copies("volumes") == {"mine"}


def test_recordings_that_cannot_be_laid_down_leave_the_database_as_it_was(site: Site) -> None:
    site.sql("create table proof (word text); insert into proof values ('kept')")
    status, said = site.run(BACKUP, "-e", "backup_name=mine")
    assert status == 0, said
    site.sql("update proof set word = 'changed'")
    # No file can be written where a folder is that has something.
    site.recording.unlink()
    (site.recording / "another").mkdir(parents=True)
    status, said = site.run(RESTORE, "-e", "backup_name=mine", *DATA_ALONE)
    assert status != 0
    assert "Bring the recordings back" in said
    assert site.sql("select word from proof") == [("changed",)]

    (site.recording / "another").rmdir()
    status, said = site.run(RESTORE, "-e", "backup_name=mine", *DATA_ALONE)
    assert status == 0, said
    assert site.sql("select word from proof") == [("kept",)]
    assert site.recording.read_bytes() == b"what was said"


def test_nothing_stops_for_a_copy_that_is_not_there_or_not_whole(site: Site) -> None:
    # Large enough that an archive's middle lies within it.
    site.recording.write_bytes(bytes(A_RECORDING_BYTES))
    status, said = site.run(BACKUP, "-e", "backup_name=mine")
    assert status == 0, said
    site.add("database", "mine.part")
    dump = site.folder / "database" / "mine" / "database" / "database.dump"
    archive = site.folder / "volumes" / "mine" / "recordings" / "uploads.tar"

    for arguments, refusal in (
        ((), "No copy is named. Nothing was stopped or changed. Name one: -e backup_name=NAME."),
        (("-e", "backup_name=mnie"), "There is no whole copy mnie on database-1."),
    ):
        status, said = site.run(RESTORE, *arguments)
        assert status != 0
        assert refusal in said
        assert re.search(r"database-1 has in \S+: mine\.", said)
        assert STOPPED not in said

    whole = dump.read_bytes()
    dump.write_bytes(whole[: len(whole) * 3 // 4])
    status, said = site.run(RESTORE, "-e", "backup_name=mine")
    assert status != 0
    assert "The copy mine on database-1 is damaged" in said
    assert STOPPED not in said

    dump.write_bytes(whole)
    os.truncate(archive, archive.stat().st_size // 2)
    status, said = site.run(RESTORE, "-e", "backup_name=mine")
    assert status != 0
    assert "The copy mine on volumes-1 is damaged" in said
    assert STOPPED not in said

    archive.unlink()
    status, said = site.run(RESTORE, "-e", "backup_name=mine")
    assert status != 0
    assert "There is no whole copy mine on volumes-1." in said
    assert STOPPED not in said
