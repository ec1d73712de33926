"""What was measured goes into facts, which else stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import measured

FACT = "# A comment.\nlabel:\n  en: value of all\nvalue: 1\nn: 2\nunit: s\ndate: 2026-01-01\nsource: own-bench\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12.0, "12"), (1230000.0, "1230000"), (0.0313, "0.0313"), (1e-07, "0.0000001"), ("13.0", "13.0"), (5, "5")],
)
def test_a_fact_gets_value_and_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, shown: str) -> None:
    monkeypatch.setattr(measured, "FACTS", tmp_path)
    path = tmp_path / "a.yml"
    path.write_text(FACT, encoding="utf-8")
    measured.set_fact("a", "2026-02-03", value=value, n=7)
    wanted = FACT.replace("value: 1", f"value: {shown}").replace("n: 2", "n: 7").replace("2026-01-01", "2026-02-03")
    assert path.read_text(encoding="utf-8") == wanted
