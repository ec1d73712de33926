"""The policy of every built page is audited as a file: what it allows, and that nothing in the page needs more."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from pathlib import Path

from scripts.hub import PAGE, connect_sources

ALLOWED = {
    "default-src": "'none'",
    "worker-src": "'self' blob:",
    "connect-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


class Audit(HTMLParser):
    """Inline scripts, handlers, addresses and policies of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.policies: list[str] = []
        self.scripts: list[str] = []
        self.wrong: list[str] = []
        self.inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(given["content"])
        elif not self.policies and tag in ("script", "link", "style", "img"):
            self.wrong.append(f"<{tag}> stands before the policy")
        if tag == "script" and "src" not in given and "json" not in given.get("type", ""):
            self.inside = []
        for name, value in given.items():
            if name.startswith("on"):
                self.wrong.append(f"<{tag} {name}>: a handler in the page")
            if name in ("href", "src", "action", "formaction") and re.match(
                r"\s*(javascript|vbscript|data:text)", value, re.I
            ):
                self.wrong.append(f"<{tag} {name}={value[:40]}>")
            if name in ("src", "srcset", "poster") and re.match(r"(https?:)?//", value):
                self.wrong.append(f"<{tag} {name}={value[:60]}>: another host")
        if tag in ("iframe", "object", "embed", "base"):
            self.wrong.append(f"<{tag}>")

    def handle_data(self, data: str) -> None:
        if self.inside is not None:
            self.inside.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self.inside is not None:
            self.scripts.append("".join(self.inside))
            self.inside = None


def audit(text: str) -> Audit:
    found = Audit()
    found.feed(text)
    return found


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in policy.split(";"))}


def test_every_page_has_one_policy_that_allows_what_it_must_and_no_more(built: Path) -> None:
    pages = sorted(built.rglob("*.html"))
    assert len(pages) > 50
    for path in pages:
        name = path.relative_to(built).as_posix()
        page = audit(path.read_text(encoding="utf-8"))
        assert page.wrong == [], name
        assert len(page.policies) == 1, name
        rules = directives(html.unescape(page.policies[0]))
        scripts = rules.pop("script-src").split()
        more = {"connect-src": " ".join(["'self'", *connect_sources()])} if f"/{PAGE}" in name else {}
        assert rules == ALLOWED | more, name
        hashes = {one for one in scripts if one.startswith("'sha256-")}
        assert set(scripts) - hashes == {"'self'", "'wasm-unsafe-eval'"}, name
        for script in page.scripts:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in hashes, f"{name}: {script[:60]}"


def test_the_audit_sees_what_it_is_for() -> None:
    """It must not be blind: a page with each of the faults."""
    evil = (
        "<script>1</script><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><p onclick='a()'>"
        "<a href=' JavaScript:alert(1)'><img src='//a.example/b.png'><iframe></iframe>"
    )
    assert len(audit(evil).wrong) == 5
