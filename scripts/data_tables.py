"""The tables of the data pages: `{{ table("models") }}` leaves `<data-table of="models">`, this fills it with rows.

Every row and figure is in the HTML; docs/_theme/modules/data-table.js adds sorting, filters and comparison.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from calculators import validation
from calculators.data_files import figure_at, measured_source
from calculators.dataset import Device, LayerGroup, device_from, model_from, price_row_on
from calculators.load import load_dataset
from calculators.memory import bits_per_weight as bits_of
from calculators.memory import (
    capacity_bytes,
    fit_ratio,
    kv_bytes_at,
    kv_bytes_per_token,
    need_bytes,
    overhead_bytes,
    weights_bytes,
)
from calculators.own_device import OWN
from calculators.text import number as number_text
from calculators.text import prose, trimmed
from scripts import facts
from scripts.claims_html import claim_rows, sections
from scripts.data_api import rows_of
from scripts.references import first_uses
from scripts.templates import TEMPLATES

# Up to this many rows stand in one page; above, static pages of PAGE rows.
ONE_PAGE, PAGE = 500, 200
# Tables of sentences: nothing to compare, and on a narrow screen a row is a block.
WORDS = ("facts", "sources", "regulations", "presets", "glossary", "parameters", "claims")
# Facts that change from month to month; a fact about a day in the past stays what it was.
AGEING = ("subscription", "electricity", "exchange-rate")
# Groups of parameters, as a reader meets them.
GROUPS = """setup request speed service load api owned rented edge money constraints weights portfolio""".split()
# Filters whose values are names or codes and may stand for themselves; those of the others have words.
NAMED = "license language vendor provider model benchmark harness device engine jurisdiction".split()
# Bands of size that a reader shops by: upper bounds of total parameters.
SIZES = ((4e9, "4b"), (15e9, "15b"), (80e9, "80b"), (300e9, "300b"), (math.inf, "more"))


@dataclass(frozen=True)
class Cell:
    """One cell: HTML, and what it sorts by (None: unknown, always last)."""

    html: str
    sort: float | str | None = None


@dataclass(frozen=True)
class Row:
    """One row: `id` is its anchor, the first cell its name; `facets`: filter -> values."""

    id: str
    cells: list[Cell]
    facets: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """`columns`: string ids without "column-"; `numeric`: columns of figures; `sorted`: those with a sort value."""

    columns: list[str]
    numeric: set[str]
    sorted: set[str]
    facets: list[str]
    rows: list[Row]


class Cells:
    """Makes the cells of one language. `root`: from the page to the language's root."""

    def __init__(self, lang: str, root: str) -> None:
        self.lang, self.root = lang, root
        self.site = {**facts.strings("site"), **facts.strings("claims")}
        self.units = facts.strings("units")

    def word(self, string_id: str, **slots: str) -> str:
        return self.site[string_id][self.lang].format(**slots)

    def text(self, shown: str) -> Cell:
        return Cell(html.escape(shown), shown.casefold())

    def device(self, device_id: str) -> str:
        """A device's name; of one that its owner measured, nothing is known but that."""
        return self.word("visitors-device") if device_id == OWN else str(facts.entity(f"devices/{device_id}")["name"])

    def unknown(self, reason: str = "") -> Cell:
        title = f' title="{html.escape(reason)}"' if reason else ""
        return Cell(f'<span class="unknown"{title}>{self.word("unknown")}</span>')

    def none(self) -> Cell:
        return Cell("—")

    def day(self, iso: str) -> Cell:
        return Cell(f"<time>{iso}</time>", iso)

    def figure(self, reference: str, value: Mapping[str, Any] | None, unit: str, *, ages: bool = False) -> Cell:
        """A fact value, bound; `{unknown: reason}` and what is not given are unknown."""
        if not isinstance(value, Mapping) or "value" not in value:
            return self.unknown(value["unknown"] if isinstance(value, Mapping) else "")
        number = value["value"]
        # A column gives all digits, so that rows compare; its head names the unit.
        shown = str(number) if isinstance(number, str) else trimmed(number)
        if unit in ("parameters", "USD"):
            shown = prose(number, unit, self.lang, self.units)
        elif unit == "USD/Mtok":  # the table's caption says per what
            shown = self.units["unit.USD"][self.lang].format(n=number_text(number, unit, self.lang, True))
        return Cell(facts.bound_html(reference, value, shown, self.lang, ages=ages), number)

    def source(self, key: str) -> str:
        title = str(facts.entity(f"sources/{key}")["title"])
        return f'<a href="{self.root}data/sources/#{key}">{html.escape(title)}</a>'


def at(values: Mapping[str, Any], path: str) -> Any:
    for step in path.split("."):
        values = values.get(step) if isinstance(values, Mapping) else None  # type: ignore[assignment]
    return values


def figures(cells: Cells, kind: str, entity_id: str, values: Mapping[str, Any], fields: str) -> list[Cell]:
    """Figures of an entity, `name:unit` each."""
    found = []
    for name, unit in (item.split(":") for item in fields.split()):
        ages = name in ("price_usd", "rental_usd_per_hour")
        found.append(cells.figure(f"{kind}/{entity_id}#{name}", at(values, name), unit, ages=ages))
    return found


@lru_cache(maxsize=1)
def devices_by_size() -> list[tuple[float, Device, int]]:
    """(usable bytes, device, tier), smallest first: one device each, no servers."""
    found = []
    for device_id, entity in facts.entities()["devices"].items():
        device = device_from(load_dataset().devices[device_id], device_id)
        share = device.usable_share or float(load_dataset().constant(f"usable_share_{device.device_class}"))
        found.append((capacity_bytes(device, 1, share), device, int(entity.values["tier"])))
    return sorted(found, key=lambda item: (item[0], item[1].id))


def need_of(model_id: str) -> float | None:
    """Bytes that a model needs under the calculator's default request; None: its size or layout is unknown."""
    entry, constant = load_dataset().models[model_id], load_dataset().constant
    if "total_params" not in entry or "layer_groups" not in entry:
        return None
    model = model_from(entry, model_id)
    quantization = constant("quantization")
    nominal = load_dataset().quantizations[quantization]["bits_per_weight"]
    weights = weights_bytes(model, bits_of(model, nominal, quantization))
    cache = kv_bytes_at(model.layer_groups, constant("kv_bits"), constant("isl") + constant("osl"))
    overhead = overhead_bytes(weights, cache, constant("overhead_fixed_bytes"), constant("overhead_share"))
    return float(need_bytes(weights, cache, overhead))


def devices_that_hold(model_id: str) -> list[tuple[float, Device, int]]:
    """Of `devices_by_size`, those in which a model fits."""
    need, limit = need_of(model_id), load_dataset().constant("tight_limit")
    if need is None:
        return []
    return [held for held in devices_by_size() if fit_ratio(need, held[0]) <= limit]


def smallest_device(model_id: str, tiers: tuple[int, ...] = (2, 3)) -> str | None:
    """The device with the least memory that holds a model; None: none does."""
    return next((device.id for _, device, tier in devices_that_hold(model_id) if tier in tiers), None)


def classes_that_hold(model_id: str) -> list[str]:
    """Kinds of device of which at least one holds a model."""
    return sorted({device.device_class for _, device, _ in devices_that_hold(model_id)}) or ["none"]


@lru_cache(maxsize=1)
def priced_models() -> set[str]:
    """Models that somebody sells at a current price."""
    return {offer["model"] for offer in load_dataset().prices.values() if price_row_on(offer["rows"], None) is not None}


def model_rows(cells: Cells) -> Iterator[Row]:
    for model_id, entity in facts.entities()["models"].items():
        values = entity.values
        groups = at(values, "layer_groups.value")
        cache = cells.unknown(str(at(values, "layer_groups.unknown") or ""))
        if groups:
            kib = kv_bytes_per_token(tuple(LayerGroup(**group) for group in groups)) / 1024
            bound = {**values["layer_groups"], "value": kib}
            cache = cells.figure(f"models/{model_id}#layer_groups", bound, "KiB")
        device_id = smallest_device(model_id)
        device = cells.none() if values["open_weights"] else cells.text(cells.word("not-open"))
        if device_id:
            name = str(facts.entity(f"devices/{device_id}")["name"])
            memory = float(facts.entity(f"devices/{device_id}")["memory_gib"]["value"])
            device = Cell(f'<a href="{cells.root}data/devices/#{device_id}">{html.escape(name)}</a>', memory)
        elif values["open_weights"] and not groups:
            device = cells.unknown()
        languages = at(values, "languages.value") or []
        total = at(values, "total_params.value")
        tiers = ["1"] * (model_id in priced_models()) + ["2"] * values["open_weights"]
        tiers += ["3"] * (smallest_device(model_id, (3,)) is not None)
        size = next(band for limit, band in SIZES if total <= limit) if total else "unknown"
        facets = {
            "tier": tiers,
            "fits": classes_that_hold(model_id),
            "license": [facts.license_of(values)],
            "size": [size],
            "language": languages or ["unknown"],
        }
        shown = cells.unknown()
        if languages:
            bound = {**values["languages"], "value": " ".join(languages)}
            shown = cells.figure(f"models/{model_id}#languages", bound, "")
        fields = "total_params:parameters active_params:parameters context_tokens:tokens released:date"
        total_cell, active_cell, context_cell, released_cell = figures(cells, "models", model_id, values, fields)
        yield Row(
            model_id,
            [
                Cell(html.escape(values["name"]), values["name"].casefold()),
                cells.text(f"{values['lab']} ({values['country']})"),
                total_cell,
                active_cell,
                device,
                cells.text(facts.license_of(values)),
                context_cell,
                cache,
                released_cell,
                shown,
            ],
            facets,
        )


def device_rows(cells: Cells) -> Iterator[Row]:
    fields = """memory_gib:GiB bandwidth_gbs:GB/s tflops.bf16:TFLOPS tflops.fp8:TFLOPS tflops.int8:TFLOPS
        tflops.fp4:TFLOPS power_w:W price_usd:USD rental_usd_per_hour:USD"""
    by_name = sorted(facts.entities()["devices"].items(), key=lambda item: str(item[1].values["name"]).casefold())
    for device_id, entity in by_name:
        values = entity.values
        tier = str(values["tier"])
        yield Row(
            device_id,
            [
                cells.text(values["name"]),
                Cell(f'<span title="{cells.word(f"tier-{tier}")}">{tier}</span>', tier),
                *figures(cells, "devices", device_id, values, fields),
            ],
            {"tier": [tier], "class": [values["device_class"]], "vendor": [values["vendor"]]},
        )


def price_rows(cells: Cells) -> Iterator[Row]:
    for row in rows_of("prices", facts.entities()):
        model = facts.entity(f"models/{row['model']}")
        ended = "to" in row
        prices = []
        for key in ("in", "out", "cache_read", "cache_write"):
            value = {**row, "value": row[key]} if key in row else None
            prices.append(cells.figure(f"prices/{row['id']}#{key}", value, "USD/Mtok", ages=not ended))
        discount = {**row, "value": row["batch_discount"] * 100} if "batch_discount" in row else None
        above = row["above_prompt_tokens"]
        yield Row(
            row["id"].replace("#", "."),
            [
                cells.text(model["name"]),
                cells.text(row["provider_name"]),
                cells.day(row["from"]),
                cells.day(row["to"]) if ended else cells.none(),
                cells.day(row["date"]),
                Cell(f"&gt; {trimmed(above)}", above) if above else Cell("—", 0),
                *prices,
                cells.figure(f"prices/{row['id']}#batch_discount", discount, "%", ages=not ended),
            ],
            {
                "state": ["past" if ended else "current"],
                "provider": [row["provider_name"]],
                "open": ["yes" if model["open_weights"] else "no"],
                "model": [model["name"]],
            },
        )


def score_rows(cells: Cells) -> Iterator[Row]:
    for row in rows_of("scores", facts.entities()):
        model = str(facts.entity(f"models/{row['model']}")["name"])
        interval = cells.unknown()
        if "interval_low" in row:
            shown = f"{row['interval_low']:.1f}–{row['interval_high']:.1f}"
            how = cells.word(f"interval-{row['interval_method']}")
            interval = Cell(f'<span title="{html.escape(how)}">{shown}</span>', row["interval_low"])
        yield Row(
            row["id"].replace("#", "."),
            [
                cells.text(model),
                cells.text(row["name"]),
                cells.text(str(row.get("setting", "—"))),
                cells.figure(f"scores/{row['id']}", row, row["unit"], ages=False),
                interval,
                Cell(trimmed(row["n"]), row["n"]) if "n" in row else cells.unknown(),
                cells.text(row["harness"]),
                cells.text(row["run_by"]),
                cells.day(row["date"]),
            ],
            {"benchmark": [row["name"]], "harness": [row["harness"]], "model": [model]},
        )


def measurement_rows(cells: Cells) -> Iterator[Row]:
    for row in rows_of("measurements", facts.entities()):
        names = [str(facts.entity(f"models/{row['model']}")["name"]), cells.device(row["device"])]
        count = f"{row['n_devices']} × " if row.get("n_devices", 1) > 1 else ""
        speeds = []
        for key in ("decode_tokens_per_second", "prefill_tokens_per_second"):
            value = {**row, "value": row[key]} if key in row else None
            speeds.append(cells.figure(f"measurements/{row['id']}#{key}", value, "tokens/s"))
        plain = [
            Cell(trimmed(row[key]), row[key]) if key in row else cells.unknown() for key in ("batch", "depth_tokens")
        ]
        engine = f"{row['engine']} {row.get('build', '')}".strip()
        yield Row(
            row["id"].replace("#", "."),
            [
                cells.text(names[0]),
                cells.text(count + names[1]),
                cells.text(str(row.get("quantization_label", row["quantization"]))),
                cells.text(engine),
                *plain,
                *speeds,
                cells.day(row["date"]),
                Cell(cells.source(row["source"]), row["source"]),
            ],
            {"device": [names[1]], "engine": [row["engine"]], "model": [names[0]]},
        )


@lru_cache(maxsize=1)
def checked_speeds() -> list[validation.Checked]:
    """Every measured speed with its prediction, in the order of `rows_of`."""
    return validation.check_data(load_dataset(), facts.entities())


def speed_text(value: float) -> str:
    """Tokens/s as closely as a prediction deserves."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def signed(share: float) -> str:
    """An error in percent with its sign."""
    return f"{share:+.0%}".replace("-", "−")


def predicted_cells(cells: Cells, checked: validation.Checked, kind: str) -> list[Cell]:
    """The prediction with its interval, and its error; a dash where nothing was measured."""
    if getattr(checked.row, kind) is None:
        return [cells.none(), cells.none()]
    pair = checked.pair(kind)
    if pair is None:
        reason = cells.word(f"not-predicted-{validation.not_predicted(checked)}")
        return [cells.unknown(reason), cells.none()]
    measured, predicted, width = pair
    shown = f"{speed_text(predicted)} ({speed_text(predicted / width)}–{speed_text(predicted * width)})"
    error = predicted / measured - 1
    counted = Cell(signed(error), error) if checked.row.counts else cells.unknown(cells.word("not-counted"))
    return [Cell(shown, predicted), counted]


def validation_rows(cells: Cells) -> Iterator[Row]:
    rows = rows_of("measurements", facts.entities())
    for row, checked in zip(rows, checked_speeds(), strict=True):
        names = [str(facts.entity(f"models/{row['model']}")["name"]), cells.device(row["device"])]
        count = f"{row['n_devices']} × " if row.get("n_devices", 1) > 1 else ""
        speeds: list[Cell] = []
        for kind in validation.SPEEDS:
            key = f"{kind}_tokens_per_second"
            value = {**row, "value": row[key]} if key in row else None
            speeds.append(cells.figure(f"measurements/{row['id']}#{key}", value, "tokens/s") if value else cells.none())
            speeds += predicted_cells(cells, checked, kind)
        yield Row(
            row["id"].replace("#", "."),
            [
                cells.text(names[0]),
                cells.text(count + names[1]),
                cells.text(row["engine"]),
                cells.text(checked.row.label),
                Cell(trimmed(row["batch"]), row["batch"]),
                *speeds,
                Cell(cells.source(row["source"]), row["source"]),
            ],
            {"device": [names[1]], "engine": [row["engine"]], "model": [names[0]]},
        )


def validation_class_rows(cells: Cells) -> Iterator[Row]:
    for kind, by_class in validation.summaries(checked_speeds()).items():
        for name, one in by_class.items():
            first = [cells.text(cells.word(f"speed-class-{name}")), cells.text(cells.word(f"speed-{kind}"))]
            figures = [cells.none() for _ in range(5)]
            if one is not None:
                shares = [Cell(f"{share:.0%}", share) for share in (one.median, one.p90)]
                inside, width = Cell(f"{one.inside:.0%}", one.inside), Cell(f"×/÷ {one.width:.2f}", one.width)
                figures = [*shares, Cell(signed(one.bias), one.bias), inside, width]
            n = one.n if one else 0
            yield Row(f"{kind}-{name}", [*first, Cell(str(n), n), *figures], {"speed": [kind]})


def fact_rows(cells: Cells) -> Iterator[Row]:
    for fact_id, entity in facts.entities()["facts"].items():
        values = entity.values
        text = facts.fact_text(f"facts/{fact_id}", "", cells.lang)
        low, high, topic = values.get("low"), values.get("high"), values.get("topic", "other")
        yield Row(
            fact_id,
            [
                cells.text(values["label"][cells.lang]),
                Cell(
                    facts.bound_html(f"facts/{fact_id}", values, text, cells.lang, ages=topic in AGEING),
                    values["value"],
                ),
                cells.text(f"{trimmed(low)}–{trimmed(high)}" if low is not None and high is not None else "—"),
                cells.text("" if values["unit"] == "date" else values["unit"]),
                cells.day(str(values["date"])),
                Cell(cells.source(values["source"]), values["source"]),
            ],
            {"topic": [topic]},
        )


def source_rows(cells: Cells) -> Iterator[Row]:
    used = Counter(source_uses())
    for key, entity in facts.entities()["sources"].items():
        values = entity.values
        title = html.escape(values["title"])
        linked = f'<a href="{html.escape(values["url"])}" rel="noopener">{title}</a>' if "url" in values else title
        yield Row(
            key,
            [
                Cell(linked, values["title"].casefold()),
                cells.text(values["publisher"]),
                cells.day(str(values["published"])) if "published" in values else cells.none(),
                cells.day(values["accessed"]),
                cells.text(cells.word(f"source-kind-{values['kind']}")),
                Cell(str(used[key]), used[key]),
                cells.text(values.get("note", "—")),
            ],
            {"kind": [values["kind"]]},
        )


def source_uses() -> Iterator[str]:
    """The source of every value in data/, and those that its note names."""
    keys = facts.entities()["sources"]

    def inside(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            if isinstance(value.get("source"), str):
                yield value["source"]
            for key, inner in value.items():
                yield from inside(inner)
                if key == "note" and isinstance(inner, str):  # what bears a value out is named there
                    yield from (word for word in re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", inner) if word in keys)
        elif isinstance(value, list):
            for inner in value:
                yield from inside(inner)

    for kind, entities in facts.entities().items():
        for entity_id, entity in entities.items():
            yield from inside(entity.values)
            if kind == "measurements":
                yield from (measured_source(entity_id) for _ in entity.values["rows"])


def regulation_rows(cells: Cells) -> Iterator[Row]:
    for regulation_id, entity in facts.entities()["regulations"].items():
        values, lang = entity.values, cells.lang
        mark = "" if values.get("verified", True) else f' <span class="unknown">{cells.word("fact-unverified")}</span>'
        since = str(values.get("in_force_from", ""))
        yield Row(
            regulation_id,
            [
                cells.text(values["name"][lang]),
                cells.text(values["jurisdiction"]),
                cells.text(cells.word(f"regulation-kind-{values['kind']}")),
                Cell(f"{cells.word('regulation-status-' + values['status'])} {since}{mark}", values["status"]),
                cells.text(values["applies_to"][lang]),
                cells.text(" ".join(values[key][lang] for key in ("says", "note") if key in values)),
                Cell(cells.source(values["source"]) + f" (<time>{values['date']}</time>)", values["source"]),
            ],
            {"jurisdiction": [values["jurisdiction"]], "kind": [values["kind"]]},
        )


def preset_rows(cells: Cells) -> Iterator[Row]:
    for preset_id, entity in facts.entities()["presets"].items():
        values, lang = entity.values, cells.lang
        settings = []
        for name, value in values["set"].items():
            figure = figure_at(facts.entities(), value["fact"]) if isinstance(value, Mapping) else None
            given = figure["value"] if figure else value
            shown = json.dumps(given, ensure_ascii=False) if not isinstance(given, str) else given
            if figure and str(figure.get("unit", "")).startswith("JPY"):
                shown += " JPY"
            settings.append(f"<code>{name}={html.escape(shown)}</code>")
        because = [
            f'<a href="#{key}">{html.escape(facts.entity(f"regulations/{key}")["name"][lang])}</a>'
            for key in values.get("because", ())
        ]
        yield Row(
            preset_id,
            [
                cells.text(values["label"][lang]),
                cells.text(values.get("jurisdiction", "—")),
                Cell("<br>".join(settings)),
                cells.text(values["about"][lang]),
                Cell(cells.word("list-separator").join(because) or "—"),
            ],
            {"jurisdiction": [values["jurisdiction"]] if "jurisdiction" in values else [], "kind": [values["kind"]]},
        )


def term_rows(cells: Cells) -> Iterator[Row]:
    def order(item: tuple[str, Any]) -> str:
        values = item[1].values
        return str(
            values.get("reading", values["term"]["ja"]) if cells.lang == "ja" else values["term"]["en"]
        ).casefold()

    other = "ja" if cells.lang == "en" else "en"
    for term_id, entity in sorted(facts.entities()["glossary"].items(), key=order):
        values = entity.values
        also = [values["abbreviation"]] if "abbreviation" in values else []
        also += values.get("also", {}).get(cells.lang, [])
        see = [
            f'<a href="#{key}">{html.escape(facts.entity(f"glossary/{key}")["term"][cells.lang])}</a>'
            for key in values.get("see", ())
        ]
        yield Row(
            term_id,
            [
                Cell(html.escape(values["term"][cells.lang]), order((term_id, entity))),
                Cell(
                    f'<span lang="{other}">{html.escape(values["term"][other])}</span>',
                    values["term"][other].casefold(),
                ),
                cells.text(cells.word("list-separator").join(also) or "—"),
                cells.text(values["definition"][cells.lang]),
                first_use(term_id, cells),
                Cell(cells.word("list-separator").join(see) or "—"),
            ],
        )


def first_use(term_id: str, cells: Cells) -> Cell:
    """The section of the book where a term first stands; those of the calculators alone have none."""
    slug, anchor = first_uses(facts.evidence(cells.lang, True)).get(term_id, ("", ""))
    if not slug:
        return cells.none()
    plan = sections()
    _, path, section = plan[slug]
    shown = section.get("number", "") or section["title"][cells.lang]
    title, place = html.escape(section["title"][cells.lang]), f"#{anchor}" if anchor else ""
    return Cell(f'<a href="{cells.root}{path}/{place}" title="{title}">{shown}</a>', list(plan).index(slug))


def parameter_rows(cells: Cells) -> Iterator[Row]:
    """Every input of the calculators with its default; where that lives elsewhere, with that figure's source."""
    entities = facts.entities()
    for parameter_id, entity in sorted(
        entities["parameters"].items(), key=lambda item: (GROUPS.index(item[1].values["group"]), item[0])
    ):
        values, reference = entity.values, f"parameters/{parameter_id}"
        figure: Mapping[str, Any] = values
        if "fact" in values:
            figure = figure_at(entities, values["fact"]) or {}
            reference = values["fact"] if "#" in values["fact"] else f"facts/{values['fact']}"
        low, high, value = figure.get("low"), figure.get("high"), figure.get("value")
        default = cells.none()
        if isinstance(value, bool | list | Mapping):
            default = Cell(f"<code>{html.escape(json.dumps(value))}</code>")
        elif value is not None:  # all digits, in the unit that a reader would type
            shown = value if isinstance(value, str) else trimmed(value)
            default = Cell(facts.bound_html(reference, figure, shown, cells.lang, ages="fact" in values))
        bounds = "—" if low is None or high is None else f"{trimmed(low)}–{trimmed(high)}"
        unit = f"unit-of-{values['unit']}"
        yield Row(
            parameter_id,
            [
                cells.text(values["label"][cells.lang]),
                cells.text(values.get("symbol", "—")),
                Cell(parameter_id.replace("_", "_<wbr>")),
                default,
                cells.text(bounds),
                cells.text(cells.word(unit) if unit in cells.site else values["unit"] or "—"),
                cells.text(cells.word(f"basis-{values['status']}")),
                Cell(cells.source(figure["source"])) if "source" in figure else cells.none(),
                cells.day(str(figure["date"])) if "date" in figure else cells.none(),
            ],
            {"group": [values["group"]], "calculator": list(values["calculators"])},
        )


Maker = Callable[[Cells], Iterator[Row]]
# Table -> its columns (`*`: figures and dates, `~`: words that sort by something else), its filters, its rows.
TABLES: dict[str, tuple[str, str, Maker]] = {
    "models": (
        "model lab total* active* smallest-device~ license context* kv-per-token* released* languages",
        "tier fits size license language",
        model_rows,
    ),
    "devices": (
        "device tier~ memory* bandwidth* bf16* fp8* int8* fp4* power* price* rental*",
        "tier class vendor",
        device_rows,
    ),
    "prices": (
        "model provider from* to* seen* prompt-above* input* output* cache-read* cache-write* batch-discount*",
        "state open provider model",
        price_rows,
    ),
    "scores": (
        "model benchmark setting score* interval* tasks* harness run-by date*",
        "benchmark harness model",
        score_rows,
    ),
    "measurements": (
        "model device quantization engine batch* depth* decode* prefill* date* source",
        "model device engine",
        measurement_rows,
    ),
    "validation": (
        "model device engine quantization batch* decode* decode-predicted* decode-error* "
        "prefill* prefill-predicted* prefill-error* source",
        "model device engine",
        validation_rows,
    ),
    "validation-classes": (
        "speed-class speed rows* error-median* error-p90* error-bias* inside* half-width*",
        "speed",
        validation_class_rows,
    ),
    "facts": ("figure value* range unit date* source", "topic", fact_rows),
    "sources": ("title publisher published* accessed* kind values* note", "kind", source_rows),
    "regulations": ("regulation jurisdiction kind status applies-to says source", "jurisdiction kind", regulation_rows),
    "presets": ("preset jurisdiction settings about because", "jurisdiction kind", preset_rows),
    "glossary": ("term~ other-language~ also definition first-use~ see", "", term_rows),
    "claims": ("statement verdict where by way as-written now remark references", "part status way", claim_rows),
    "parameters": ("parameter symbol id default range unit basis source date*", "group calculator", parameter_rows),
}


@cache
def data_table(of: str, lang: str, root: str) -> Table:
    """All rows of a table, made once for all its pages. Raises NoSuchFact for a table that does not exist."""
    if of not in TABLES:
        raise facts.NoSuchFact(f"table({of!r}): there is no such table; allowed: {', '.join(TABLES)}")
    columns, facets, maker = TABLES[of]
    names = columns.split()
    return Table(
        [name.rstrip("*~") for name in names],
        {name.rstrip("*") for name in names if name.endswith("*")},
        {name.rstrip("*~") for name in names if name.endswith(("*", "~"))},
        facets.split(),
        list(maker(Cells(lang, root))),
    )


def refresh() -> None:
    """Forgets what was made: a warm builder calls it before each build."""
    for made in (data_table, devices_by_size, priced_models, checked_speeds):
        made.cache_clear()


def pages_of(of: str) -> int:
    """On how many static pages a table stands."""
    count = len(facts.entities()[of]) if of in facts.entities() else 0
    if of in ("prices", "scores", "measurements"):
        count = sum(1 for _ in rows_of(of, facts.entities()))
    return 1 if count <= ONE_PAGE else math.ceil(count / PAGE)


def rows_on(of: str, lang: str, root: str, page: int) -> list[Row]:
    """The rows of one static page. Raises NoSuchFact."""
    rows = data_table(of, lang, root).rows
    return rows if pages_of(of) == 1 else rows[(page - 1) * PAGE : page * PAGE]


def facet_options(table: Table, cells: Cells) -> list[dict[str, Any]]:
    """The filters of a table with their values, in words, and how many rows each keeps."""
    found = []
    for name in table.facets:
        counts = Counter(value for row in table.rows for value in row.facets[name])
        options = []
        for value, count in counts.items():
            string_id = f"{'class' if name == 'fits' else name}-{value}"
            words = value if name in NAMED and string_id not in cells.site else cells.word(string_id)
            options.append((value, words, count))
        order = [band for _, band in SIZES] if name == "size" else []
        options.sort(
            key=lambda o: (order.index(o[0]) if o[0] in order else 99, o[0] == "unknown", str(o[1]).casefold())
        )
        found.append({"name": name, "label": cells.word(f"filter-{name}"), "options": options})
    return found


def render(of: str, lang: str, root: str, page: int = 1) -> str:
    """The inner HTML of `<data-table of="…" page="…">`. Raises NoSuchFact."""
    table, cells = data_table(of, lang, root), Cells(lang, root)
    pages, rows = pages_of(of), rows_on(of, lang, root, page)
    up = "" if page == 1 else "../"
    strings = {i: pair[lang] for i, pair in facts.strings("tables").items()}
    compares = of not in WORDS
    return TEMPLATES.get_template("data-table.html").render(
        table=table,
        rows=rows,
        facets=facet_options(table, cells),
        pages=[(n, up + (f"page-{n}/" if n > 1 else "./" if page == 1 else "")) for n in range(1, pages + 1)],
        page=page,
        count=len(table.rows),
        words=of in WORDS,
        compares=compares,
        strings=strings,
        caption=cells.word(f"table-{of}"),
        heads=[cells.word(f"column-{name}") for name in table.columns],
        s=cells.word,
        settings=json.dumps(
            {
                "version": load_dataset().version,
                "pages": pages,
                "compares": compares,
                "strings": strings,
            },
            ensure_ascii=False,
        ),
    )
