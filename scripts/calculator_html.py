"""The calculators before any script: form from the parameter registry, answer of the default case.

`<tier-calculator preset="support-desk jp" isl="2000"></tier-calculator>`: presets in order, then single parameters;
an `id` tells two calculators on a page apart. docs/_theme/modules/calculator.js makes them live.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from mkdocs.exceptions import PluginError

from calculators.answer import CALCULATORS
from calculators.dataset import Dataset
from calculators.load import load_dataset, with_fact
from calculators.own_device import OWN
from calculators.scenario import allowed_values
from calculators.text import day, prose, trimmed
from calculators.worker import reply
from scripts import facts
from scripts.cached import ROOT, files_under
from scripts.node import node_json
from scripts.templates import TEMPLATES

# The presets that a calculator offers first, then those that go on top.
CASES = {"tier": "scenario", "cost": "scenario", "fit": "device", "portfolio": "portfolio"}
ON_TOP = {"tier": ("country", "data-class"), "cost": ("country",), "portfolio": ("country", "data-class"), "fit": ()}
GROUPS = "setup request load api service owned rented edge constraints weights portfolio money speed".split()
VISIBLE = 8  # places of questions that are seen at first
FEW = 12  # choices that may stand as boxes
# What the bar at the edge of the screen shows while the headline is out of sight.
SHORT = {
    "tier": ["recommendation"],
    "cost": ["api_month_usd", "owned_month_usd"],
    "fit": ["fit_verdict", "decode_tokens_per_second"],
    "portfolio": ["portfolio_month_usd", "greedy_month_usd"],
}
DRAWING = ("answer-", "calculator-workloads.js", "svg.js")


def calculator(tag: str, attributes: Mapping[str, str], lang: str, where: str, root: str) -> str:
    """The inner HTML of a calculator. A wrong attribute stops the build with the engine's own sentence.

    `where`: the page, for messages; `root`: from the page to its language's root.
    """
    command = tag.removesuffix("-calculator")
    dataset = load_dataset()
    presets, own = case_of(attributes)
    answer = reply(dataset, command, own, lang, presets=presets, page=True)
    if "error" in answer:
        raise PluginError(f"{where}: <{tag}>: {answer['error']['text']}")
    words = {i: pair[lang] for i, pair in facts.strings("calculators").items()}
    words["list-separator"] = dataset.strings["list-separator"][lang]
    uid = attributes.get("id", command)
    names = {i.removeprefix("result."): pair[lang] for i, pair in dataset.strings.items() if i.startswith("result.")}
    names |= {i: pair[lang] for i, pair in dataset.strings.items() if i.startswith("place.")}
    view = {"lang": lang, "uid": uid, "words": words, "names": names}
    form = Form(dataset, command, answer, lang, root)
    controls = [form.control(name) for name in form.parameters()]
    asked = sorted((c for c in controls if c["place"]), key=lambda c: int(c["place"]))
    choices = {name: form.choices(name) for name in ("data_class", "allowed_tiers") if command == "portfolio"}
    groups = [(g, words[f"group-{g}"], [c for c in controls if c["group"] == g and not c["place"]]) for g in GROUPS]
    shell = {
        "command": command,
        "presets": presets,
        "attributes": own,
        "view": view,
        "known": {i: {"about": p["about"][lang], "sets": list(p["set"])} for i, p in form.offered().items()},
        "labels": {c["name"]: c["label"] for c in controls},
        "units": {name: dataset.parameters[name]["unit"] for name in form.parameters()},
        "short": SHORT[command],
        "choices": choices,
    }
    asking = {"reply": answer, "view": view, "labels": shell["labels"], "choices": choices}
    return TEMPLATES.get_template("calculator.html").render(
        answer=answer,
        parts=rendered(json.dumps([asking], ensure_ascii=False), drawing())[0],
        presets=presets,
        about=[dataset.presets[name]["about"][lang] for name in presets],
        chooser_label=f"preset-{CASES[command]}",
        choosers=form.choosers(words),
        main=[c for c in asked if c["place"] <= VISIBLE],
        more=[c for c in asked if c["place"] > VISIBLE and c["kind"] != "range"],
        weights=[c for c in asked if c["place"] > VISIBLE and c["kind"] == "range"],
        groups=[group for group in groups if group[2]],
        bill=command != "fit",
        command_line=command_line(command, presets, own, lang),
        lang=lang,
        uid=uid,
        s=lambda string_id, **slots: words[string_id].format(**slots),
        settings=json.dumps(shell, ensure_ascii=False),
    )


def case_of(attributes: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Presets and single parameters of a calculator's element; `id` and `class` are the page's."""
    own = {name: value for name, value in attributes.items() if name not in ("preset", "id", "class")}
    return attributes.get("preset", "").split(), own


def command_line(command: str, presets: Sequence[str], own: Mapping[str, str], lang: str) -> str:
    """The same case for a terminal, as calculator.js writes it."""
    parts = [f" --preset {name}" for name in presets] + [f" --set {name}={value}" for name, value in own.items()]
    return f".venv/bin/python -m calculators {command}{''.join(parts)}" + (" --lang ja" if lang == "ja" else "")


@lru_cache(maxsize=32)
def rendered(answers: str, _drawing: tuple[bytes, ...]) -> list[dict[str, str]]:
    """HTML by part of a JSON list of answers. `_drawing`: what draws them, so that a change of it is seen."""
    found: list[dict[str, str]] = node_json("scripts/render_answers.mjs", answers)
    return found


def view_files() -> list[Path]:
    """What an answer's HTML is made with."""
    modules = files_under(ROOT / "docs" / "_theme" / "modules", "*.js")
    return [ROOT / "scripts" / "render_answers.mjs", *(path for path in modules if path.name.startswith(DRAWING))]


def drawing() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in view_files())


class Form:
    """The controls of a calculator in one language."""

    def __init__(self, dataset: Dataset, command: str, answer: Mapping[str, Any], lang: str, root: str) -> None:
        self.dataset, self.command, self.answer, self.lang, self.root = dataset, command, answer, lang, root
        self.strings, self.site = facts.strings("calculators"), facts.strings("site")

    def word(self, string_id: str, **slots: str) -> str:
        return self.strings[string_id][self.lang].format(**slots)

    def parameters(self) -> list[str]:
        """Ids that this calculator uses."""
        return [i for i, entry in self.dataset.parameters.items() if self.command in entry["calculators"]]

    def offered(self) -> dict[str, Mapping[str, Any]]:
        kinds = {CASES[self.command], *ON_TOP[self.command]}
        return {i: preset for i, preset in self.dataset.presets.items() if preset["kind"] in kinds}

    def choosers(self, words: Mapping[str, str]) -> list[dict[str, Any]]:
        """One select a kind of preset."""
        found = []
        for kind in (CASES[self.command], *ON_TOP[self.command]):
            options = [(i, p["label"][self.lang]) for i, p in self.offered().items() if p["kind"] == kind]
            label = words[f"preset-{kind}"]
            none = words["preset-own"]
            if kind in ON_TOP[self.command]:
                none = f"{label}: {words['preset-none']}" if self.lang == "en" else f"{label}：{words['preset-none']}"
            found.append({"kind": kind, "label": label, "none": none, "options": options})
        return found

    def control(self, name: str) -> dict[str, Any]:
        """A form control from the parameter registry, with what a reader needs to judge it."""
        entry = facts.entities()["parameters"][name].values
        lang, used = self.lang, self.answer["used"][name]
        kind = self.kind(name, entry)
        shown = {
            "name": name,
            "kind": kind,
            "group": entry["group"],
            "place": entry.get("main", {}).get(self.command, 0),
            "label": entry["label"][lang],
            "question": entry.get("question", {}).get(lang, ""),
            "help": entry["help"][lang],
            "unit": self.unit(str(entry["unit"])),
            "field": used["field"],
            "note": used["note"],
            "numeric": entry["kind"] in ("number", "integer"),
            "facts": self.facts(name, entry),
            "measure": f"{self.root}demo/device/" if name in ("device", "edge_device") else "",
        }
        if kind == "range":
            shown |= {"min": entry.get("min", 0), "max": entry["slider_max"], "step": entry["step"]}
        if kind == "checks":
            shown["chosen"] = json.loads(used["field"] or "[]")
            shown["options"] = self.choices(name)
        if kind == "select":
            options = self.options(name)
            if not used["field"] or "value" not in entry:  # it may be left to the engine
                options.insert(0, ("", [("", self.word("unset"))]))
            known = {value for _, group in options for value, _ in group}
            if used["field"] not in known:  # written into the page as an object
                options.append(("", [(used["field"], used["note"])]))
            shown["options"] = options
        if kind == "text" and entry["kind"] == "list":
            values = json.loads(used["field"] or "[]")
            shown["field"] = ",".join(values) if values else used["field"]
            shown["note"] = ""
        return shown

    def kind(self, name: str, entry: Mapping[str, Any]) -> str:
        """Which control a parameter gets."""
        if name == "workloads" and self.command == "portfolio":
            return "workloads"
        if "control" in entry:
            return str(entry["control"])
        few = len(entry.get("choices", ())) <= FEW
        if entry["kind"] == "boolean":
            return "checkbox"
        if entry["kind"] == "list" and "choices" in entry and few:
            return "checks"
        if entry["kind"] == "id" or ("choices" in entry and few and entry["kind"] != "list"):
            return "select"
        return "textarea" if entry["kind"] == "object" or name == "workloads" else "text"

    def unit(self, unit: str) -> str:
        words = self.site.get(f"unit-of-{unit}")
        return words[self.lang] if words else unit

    def choice(self, name: str, value: str) -> str:
        """The words of a choice; ids and the like stand for themselves."""
        for key in (f"choice.{name}.{value}", f"{name}.{value}", f"place.{value}"):
            if key in self.dataset.strings:
                return self.dataset.strings[key][self.lang]
        scores = facts.entities()["scores"].get(value)
        return str(scores.values["name"]) if scores and "name" in scores.values else value

    def choices(self, name: str) -> list[tuple[str, str]]:
        return [(value, self.choice(name, value)) for value in allowed_values(self.dataset, name)]

    def options(self, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """(group, [(value, words)]) of a select."""
        allowed = allowed_values(self.dataset, name)
        if name in ("model", "edge_model", "api_model"):
            return self.model_options(allowed)
        if name in ("device", "edge_device"):
            return self.device_options(allowed)
        if name in ("quantization", "edge_quantization"):
            kinds = self.dataset.quantizations
            allowed.sort(key=lambda value: -float(kinds[value]["bits_per_weight"]))
            return [("", [(value, str(kinds[value]["name"])) for value in allowed])]
        return [("", self.choices(name))]

    def model_options(self, allowed: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
        """Models and offers of them by developer; an offer is named where a model has several."""
        prices, models = self.dataset.prices, self.dataset.models
        offers: dict[str, list[str]] = {}
        for offer, price in prices.items():
            offers.setdefault(price["model"], []).append(offer)
        found: dict[str, list[tuple[str, str]]] = {}
        for value in allowed:
            model = prices[value]["model"] if value in prices else value
            if value in prices and len(offers[model]) == 1:
                continue
            name = str(models[model]["name"])
            if value in prices:
                name += f" – {prices[value].get('provider_name', prices[value]['provider'])}"
            found.setdefault(str(models[model]["lab"]), []).append((value, name))
        return grouped(found)

    def device_options(self, allowed: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
        devices, servers = self.dataset.devices, self.dataset.servers
        found: dict[str, list[tuple[str, str]]] = {}
        for value in allowed:
            kind = devices[value]["device_class"] if value in devices else "servers"
            name = str((devices if value in devices else servers)[value]["name"])
            found.setdefault(self.word(f"devices-of-{kind}"), []).append((value, name))
        return [("", [(OWN, self.word("own-device"))]), *grouped(found)]

    def facts(self, name: str, entry: Mapping[str, Any]) -> list[Markup]:
        """Default, allowed values, plausible range, basis, source and date of a parameter."""
        figure = with_fact(entry, facts.entities())
        override = CALCULATORS[self.command].defaults.get(name)
        value = figure.get("value") if override is None else override
        told = [html.escape(self.default(name, str(entry["unit"]), str(entry["status"]), value))]
        low, high = entry.get("min"), entry.get("max")
        if low is not None and high is not None:
            said = "allowed-above" if entry.get("exclusive_min") else "allowed-between"
            told.append(self.word(said, low=trimmed(low), high=trimmed(high)))
        if "low" in figure and "high" in figure and override is None:
            told.append(self.word("usual-range", low=trimmed(figure["low"]), high=trimmed(figure["high"])))
        if override is not None or entry["status"] == "assumption":
            told.append(self.word("basis-assumption"))
        elif entry["status"] != "derived":
            told.append(self.word(f"basis-{entry['status']}"))
        if "source" in figure and value is not None and override is None:
            title = html.escape(str(facts.entity(f"sources/{figure['source']}")["title"]))
            date = f'<time datetime="{figure["date"]}">{day(str(figure["date"]), self.lang)}</time>'
            told.append(f'<a href="{self.root}data/sources/#{figure["source"]}">{title}</a>, {date}')
        return [Markup(one) for one in told]

    def default(self, name: str, unit: str, status: str, value: Any) -> str:
        if value is None:
            return self.word("default-derived" if status == "derived" else "default-none")
        if isinstance(value, bool | list | Mapping):
            text = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str):
            named = {"quantization": "quantizations", "model": "models", "device": "devices"}
            kind = next((k for end, k in named.items() if name.endswith(end)), "")
            entity = facts.entities()[kind].get(value) if kind else None
            entity = entity or (facts.entities()["servers"].get(value) if kind == "devices" else None)
            text = str(entity.values["name"]) if entity else self.choice(name, value)
        else:
            text = prose(value, unit, self.lang, facts.strings("units"))
        return self.word("default-is", value=text)


def grouped(found: Mapping[str, list[tuple[str, str]]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups and their options in the order of the alphabet."""
    return [
        (group, sorted(options, key=lambda option: option[1].casefold()))
        for group, options in sorted(found.items(), key=lambda item: item[0].casefold())
    ]
