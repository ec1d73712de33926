"""What the pages say is what the command line prints: 50 random cases, every output's value and text."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from calculators.cli import parser
from calculators.load import load_dataset
from calculators.worker import reply
from scripts.cached import ROOT
from scripts.calculator_html import CASES, ON_TOP
from scripts.facts import strings
from tests.browser.conftest import Watched
from tests.engine.scenarios import sensible

Open = Callable[..., Watched]
Case = tuple[list[str], dict[str, str]]  # presets, and what is changed, as text
PAGES = [(lang, command) for lang in ("en", "ja") for command in CASES]
CASES_OF = {page: 7 if i < 2 else 6 for i, page in enumerate(PAGES)}  # 50 in all
BY_CONTROLS = 1  # so many of a page's cases are put in by hand, the others by the address
SHELLED = {("en", "tier"), ("ja", "tier"), ("en", "cost"), ("ja", "fit"), ("ja", "portfolio")}
LONG_MS, STEP_MS = 60_000, 30
SAID = """() => {
  const texts = (selector) => [...document.querySelectorAll(`article ${selector}`)].map((e) => e.textContent);
  return {
    outputs: Object.fromEntries([...document.querySelectorAll('article output[name]')]
      .map((e) => [e.name, [e.dataset.value, e.textContent]])),
    ranges: Object.fromEntries([...document.querySelectorAll('[data-range]')]
      .map((e) => [e.dataset.range, e.textContent])),
    verdict: document.querySelector('.calculator-box').dataset.verdict,
    reasons: texts('.calculator-reasons li'),
    changes: texts('.calculator-changes li'),
    warnings: texts('[data-warning]'),
    ruledOut: texts('.calculator-ruled-out li'),
    line: document.querySelector('[data-command-line]').textContent,
    ready: document.querySelector('[data-take]').parentElement.dataset.state === 'ready'
      && document.querySelector('.calculator-status').textContent !== '',
  };
}"""


def as_text(value: Any) -> str:
    """A value as an address and `--set` take it."""
    if isinstance(value, dict) and value.keys() == {"low", "value", "high"}:
        return ":".join(str(value[key]) for key in ("low", "value", "high"))
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def answer(lang: str, command: str, case: Case) -> dict[str, Any]:
    presets, changes = case
    return reply(load_dataset(), command, changes, lang, presets=presets)


def random_case(r: Random, lang: str, command: str) -> Case:
    """Presets and two to six parameters of the calculator that go together, in either currency."""
    dataset = load_dataset()
    names = [name for name, entry in dataset.parameters.items() if command in entry["calculators"]]
    while True:
        presets = []
        for kind in (CASES[command], *ON_TOP[command]):
            presets.append(r.choice(["", *(i for i, p in dataset.presets.items() if p["kind"] == kind)]))
        drawn = {name: as_text(sensible(r, dataset, name, 0)) for name in r.sample(names, r.randint(2, 6))}
        if "currency" in names:
            drawn["currency"] = r.choice(["USD", "JPY"])
        case = [name for name in presets if name], drawn
        if "error" not in answer(lang, command, case):
            return case


def said_to(page: Page, case: Case | None = None) -> dict[str, Any]:
    """What the page says once it has computed, and that the given case: a new address may renew the whole page."""
    said: dict[str, Any] = {}
    for _ in range(LONG_MS // STEP_MS):
        said = page.evaluate(SAID)
        if said["ready"] and (case is None or case_of(said["line"])[2] == case):
            return said
        page.wait_for_timeout(STEP_MS)
    raise AssertionError(f"no answer to {case}: {said}")


def offers(page: Page, case: Case) -> bool:
    """Whether the page's lists have all of the case's values; a slider has not every value and is left out."""
    options = page.locator("article :is(select, input[type=range])").evaluate_all(
        "all => all.map((e) => [e.name, [...(e.options ?? [])].map((o) => o.value)])"
    )
    lists = dict(options)
    return all(value in lists.get(name, [value]) for name, value in case[1].items())


def put_in(page: Page, case: Case) -> None:
    """The case by the page's controls."""
    presets, changes = case
    for chooser in page.locator("select[name=preset]").all():
        offered = chooser.locator("option").evaluate_all("all => all.map((e) => e.value)")
        chooser.select_option(next((name for name in presets if name in offered), ""))
    said_to(page)
    page.locator("article details").evaluate_all("all => all.forEach((e) => { e.open = true; })")
    # A device takes with it what was chosen for another.
    for name in sorted(changes, key=lambda name: name != "device"):
        set_control(page.locator(f"article :is(input, select, textarea)[name={name}]"), changes[name])


def set_control(controls: Locator, value: str) -> None:
    """Gives a parameter's control, or boxes, a value."""
    kind = controls.first.evaluate("e => e.type")
    if kind == "select-one":
        controls.select_option(value)
    elif kind != "checkbox":
        controls.fill(value)
    elif controls.first.get_attribute("value") is None:
        controls.set_checked(value == "true")
    else:
        for box in controls.all():
            box.set_checked(box.get_attribute("value") in value.split(","))


def case_of(line: str) -> tuple[str, str, Case]:
    """Language, calculator and case of a command line."""
    asked = parser().parse_args(shlex.split(line)[3:])
    return asked.lang, asked.command, (asked.preset, dict(one.split("=", 1) for one in asked.set))


def differences(said: dict[str, Any], wanted: dict[str, Any], lang: str) -> list[str]:
    """Where a page says something else than an answer."""
    results = wanted["results"]
    if said["outputs"].keys() != {"headline", *results}:
        return [f"outputs: {said['outputs'].keys() ^ {'headline', *results}}"]
    found = []
    rules = results["eliminated"]["value"] if said["ruledOut"] else []
    for name, result in results.items():
        raw, text = said["outputs"][name]
        value = result["value"]
        if raw != value if isinstance(value, str) else (json.loads(raw) if raw else None) != value:
            found.append(f"{name}: {raw!r}, not {value!r}")
        shown = result["text"]
        if name == "near_tie":
            shown = strings("calculators")["near-tie-yes" if value else "near-tie-no"][lang]
        if name == "eliminated" and rules:  # the places; why and what brings them back stands below
            engine = load_dataset().strings
            places = dict.fromkeys(engine[f"place.{rule['tier']}"][lang] for rule in rules)
            shown = engine["list-separator"][lang].join(places)
        if text != shown:
            found.append(f"{name}: {text!r}, not {shown!r}")
    for name, text in said["ranges"].items():
        if text != results[name].get("range_text", ""):
            found.append(f"range of {name}: {text!r}, not {results[name].get('range_text')!r}")
    told = {
        "headline": said["outputs"]["headline"][1],
        **{name: said[name] for name in ("verdict", "reasons", "changes")},
    }
    found += [f"{name}: {text!r}, not {wanted[name]!r}" for name, text in told.items() if text != wanted[name]]
    if said["warnings"] != [warning["text"] for warning in wanted["warnings"]]:
        found.append(f"warnings: {said['warnings']}")
    for line, rule in zip(said["ruledOut"], rules, strict=True):
        found += [f"{line!r} lacks {rule[key]!r}" for key in ("reason", "relaxation") if (rule[key] or "") not in line]
    return found


@pytest.mark.parametrize(("lang", "command"), PAGES)
def test_a_page_says_what_the_command_line_prints(open_page: Open, lang: str, command: str) -> None:
    watched = open_page(f"{lang}/calculators/{command}/")
    page = watched.page
    expect(page.locator(f"{command}-calculator")).to_have_attribute("data-state", "ready")
    r = Random(f"{lang} {command}")
    for i in range(CASES_OF[lang, command]):
        case = random_case(r, lang, command)
        if i < BY_CONTROLS:
            while not offers(page, case):
                case = random_case(r, lang, command)
            put_in(page, case)
            said = said_to(page)
        else:
            presets, changes = case
            address = urlencode([*(("preset", name) for name in presets or [""]), *changes.items()])
            page.evaluate("(address) => { location.hash = address; }", f"?{address}")
            said = said_to(page, case)
        assert differences(said, answer(lang, command, case), lang) == [], (i, case)
        # The command that the page shows asks the same.
        shown = case_of(said["line"])
        assert shown[:2] == (lang, command)
        assert differences(said, answer(*shown), lang) == [], (i, said["line"])
    if (lang, command) in SHELLED:  # the last one, as a reader pastes it
        printed = subprocess.run(said["line"] + " --json", shell=True, cwd=ROOT, capture_output=True, text=True)
        assert printed.returncode == 0, printed.stderr
        assert differences(said, json.loads(printed.stdout), lang) == [], said["line"]
    assert watched.errors == [] and watched.foreign == []
