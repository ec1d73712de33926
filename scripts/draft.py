"""One page anew from what the last build of its language left in memory: `make serve` shows an edit at once.

What other pages say about it (titles in the navigation, lists, search, the checks) follows with the next whole build.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from mkdocs.commands.build import _build_page, _populate_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation

from scripts import references


class Memory(BasePlugin):  # type: ignore[no-untyped-call,type-arg]
    """Keeps what a build of one language has made beside its files."""

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        self.nav, self.files, self.config = nav, files, config
        return nav

    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> Any:
        self.env = env
        return env

    def page(self, source: str, out: Path) -> None:
        """The page of `source` (from the language's folder) into `out`, alone. Raises what MkDocs raises."""
        file = self.files.get_file_from_path(source)
        assert file is not None and file.page is not None, source
        shutil.rmtree(out, ignore_errors=True)
        target = out / file.dest_uri
        target.parent.mkdir(parents=True)
        file.abs_dest_path = str(target)
        references.refresh()
        _populate_page(file.page, self.config, self.files)
        _build_page(file.page, self.config, self.files.documentation_pages(), self.nav, self.env)
