"""The `skiplith` command. Needs the extra `cli`."""

import sys
from pathlib import Path
from typing import Annotated

# No postponed annotations here: typer reads them from inside main().


def main() -> None:
    """Entry point of the `skiplith` script."""
    try:
        import rich  # noqa: F401
        import typer
    except ModuleNotFoundError as missing:
        sys.exit(f"skiplith: {missing.name} is missing; install it: pip install 'skiplith[cli]'")

    app = typer.Typer(add_completion=False, no_args_is_help=True)

    @app.callback()
    def skiplith() -> None:
        """An embedded, ordered, durable key-value store."""

    @app.command()
    def demo(
        directory: Annotated[
            Path | None,
            typer.Argument(
                metavar="DIRECTORY",
                help="Where the databases go, and stay. Default: a temporary folder.",
            ),
        ] = None,
        threads: Annotated[int, typer.Option(min=1, max=256, help="Indexing threads.")] = 4,
        word: Annotated[str, typer.Option(help="The word to look up.")] = "lock",
        shown: Annotated[int, typer.Option(min=0, help="Occurrences to print.")] = 5,
    ) -> None:
        """Index every word of the standard library, kill the indexer, recover, ask."""
        from skiplith.demo import run

        sys.exit(run(directory, threads, word, shown))

    app()


if __name__ == "__main__":
    main()
