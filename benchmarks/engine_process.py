"""One engine in a process of its own, its models loaded: `python -m benchmarks.engine_process NAME MODEL THREADS`.

It reads JSON lines, `{"recording": path, "language": code}`, and answers each with `{"text", "wall_seconds",
"cpu_seconds", "peak_bytes"}`. It runs in whatever environment has the engine, and so imports nothing of Vocalyx.

Each engine has its own defaults (beam 5 everywhere), and, for all alike: int8, the model's folder, the language told.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

BATCH_SIZE = 8

Transcribe = Callable[[str, str], str]


def faster_whisper(model: str, threads: int) -> Transcribe:
    """faster-whisper as its own documentation shows it: batched, with words' times."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    loaded = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    pipeline = BatchedInferencePipeline(loaded)

    def transcribe(recording: str, language: str) -> str:
        segments, _ = pipeline.transcribe(recording, language=language, batch_size=BATCH_SIZE, word_timestamps=True)
        return " ".join(segment.text for segment in segments)

    return transcribe


def whisper_ctranslate2(model: str, threads: int) -> Transcribe:
    return _whisper_ctranslate2(model, threads, batched=False)


def whisper_ctranslate2_batched(model: str, threads: int) -> Transcribe:
    return _whisper_ctranslate2(model, threads, batched=True)


def _whisper_ctranslate2(model: str, threads: int, *, batched: bool) -> Transcribe:
    from whisper_ctranslate2.transcribe import Transcribe as Engine
    from whisper_ctranslate2.transcribe import TranscriptionOptions

    engine = Engine(model, "cpu", 0, "int8", threads, None, True, batched, None)
    # What its command line has by default.
    options = TranscriptionOptions(
        beam_size=5,
        best_of=5,
        patience=1.0,
        length_penalty=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        log_prob_threshold=-1.0,
        no_speech_threshold=0.6,
        compression_ratio_threshold=2.4,
        condition_on_previous_text=True,
        prompt_reset_on_temperature=0.5,
        temperature=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
        initial_prompt=None,
        prefix=None,
        hotwords=None,
        suppress_blank=True,
        suppress_tokens=[-1],
        word_timestamps=False,
        print_colors=False,
        prepend_punctuations="\"'“¿([{-",
        append_punctuations="\"'.。,，!！?？:：”)]}、",
        hallucination_silence_threshold=None,
        vad_filter=False,
        vad_threshold=None,
        vad_min_speech_duration_ms=None,
        vad_max_speech_duration_s=None,
        vad_min_silence_duration_ms=None,
        multilingual=False,
    )

    def transcribe(recording: str, language: str) -> str:
        found: dict[str, Any] = engine.inference(recording, "transcribe", language, False, False, options)
        return str(found["text"])

    return transcribe


def whisperx(model: str, threads: int) -> Transcribe:
    import torch
    from whisperx.asr import load_model
    from whisperx.audio import load_audio

    torch.set_num_threads(threads)
    pipelines: dict[str, Any] = {}

    def transcribe(recording: str, language: str) -> str:
        if language not in pipelines:
            pipelines[language] = load_model(
                model,
                "cpu",
                compute_type="int8",
                language=language,
                threads=threads,
                vad_method="pyannote",
                local_files_only=True,
            )
        found = pipelines[language].transcribe(load_audio(recording), batch_size=BATCH_SIZE)
        return " ".join(segment["text"] for segment in found["segments"])

    return transcribe


ENGINES: dict[str, Callable[[str, int], Transcribe]] = {
    "faster-whisper": faster_whisper,
    "whisper-ctranslate2": whisper_ctranslate2,
    "whisper-ctranslate2 --batched": whisper_ctranslate2_batched,
    "whisperx": whisperx,
}


def cpu_seconds() -> float:
    """Return the processor time of this process and of what it has started and waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def main() -> None:
    name, model, threads = sys.argv[1:]
    # What the libraries print goes to standard error; the answers have the real standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    transcribe = ENGINES[name](model, int(threads))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        wall, cpu = time.monotonic(), cpu_seconds()
        text = transcribe(asked["recording"], asked["language"])
        answer = {
            "text": text,
            "wall_seconds": time.monotonic() - wall,
            "cpu_seconds": cpu_seconds() - cpu,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
