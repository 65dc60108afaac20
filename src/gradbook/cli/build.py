"""``gradbook build``: a lab book into one page, or onto paper."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from gradbook.cli.text import visible

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What was asked of ``gradbook build``."""

    file: str
    out: str | None
    format: str
    data: str | None
    folder: str | None
    database: str | None
    strict: bool
    browser: str | None
    own_code: bool


def run(options: BuildOptions) -> int:
    """Build, write the page, tell where it is; 0: nothing is wrong, 1: something is, 2: it could not be built."""
    from gradbook.book.building import Options, build
    from gradbook.cli.build_live import BuildLive
    from gradbook.document.report import Problem

    path = Path(options.file)
    folder = Path(options.folder) if options.folder else None
    try:
        with BuildLive() as live:
            built = build(
                path, Options(options.data, folder, options.database, own_code=options.own_code), live
            )
            if isinstance(built, Problem):
                return _refuse(f"{visible(built.path)}: {built.message}")
            out = Path(options.out) if options.out else path.with_suffix(f".{options.format}")
            if out.resolve() == path.resolve():
                return _refuse(
                    f"{visible(str(out))}: that is the document itself; give another name with --out"
                )
            if options.format == "pdf":
                from gradbook.book.printing import PrintingError, printed

                live.begin("printing")
                try:
                    data = printed(built.html, options.browser)
                except PrintingError as error:
                    return _refuse(str(error))
            else:
                data = built.html.encode("utf-8")
            out.write_bytes(data)
    except KeyboardInterrupt:
        print("\ninterrupted; what is done is kept, and the next build goes on from there", file=sys.stderr)
        return _INTERRUPTED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{(error.strerror or str(error)).lower()}")
    for problem in built.problems:
        print(f"{visible(str(path))}: {visible(problem)}", file=sys.stderr)
    told = (
        ", ".join(f"{count} {verdict}" for verdict, count in built.counts.items()) or "no mathematics found"
    )
    print(f"{visible(str(out))}: {told}")
    return built.exit_status(strict=options.strict)


def _refuse(message: str) -> int:
    print(f"gradbook build: error: {message}", file=sys.stderr)
    return 2
