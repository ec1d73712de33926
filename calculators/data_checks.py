"""What a JSON Schema cannot say about `data/`: references, sums, dates, and the traps of data sheets. CPython only."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from .claim_checks import check_claim, check_release
from .data_files import ENGINE_STRINGS, Entity, Path_, Problem, dotted, figure_at, measured_source
from .dataset import LayerGroup
from .figure_checks import check_figure
from .memory import kv_bytes_per_token
from .own_device import OWN
from .sentence_checks import check_sentence
from .tier import PLACES

Entities = Mapping[str, Mapping[str, Entity]]
# Keys that hold a day on which somebody saw or said something: never later than today.
DAYS_PAST = {"date", "accessed", "from", "judged"}
DAYS = {*DAYS_PAST, "published", "to", "in_force_from"}
# Half the bits, about twice the rate; a data sheet's sparse figure would be four times. (lower, of) -> bounds.
RATES = {("fp8", "bf16"): (1.8, 2.2), ("int8", "bf16"): (1.8, 2.2), ("fp4", "fp8"): (1.8, 3.4)}
# Some chips (B300) gave INT8 up but for a rest: below this share of the 16-bit rate.
REST_OF_INT8 = 0.2
# GeForce and RTX cards halve the 16-bit and FP8 rates that accumulate in FP32, not those of INT8 and FP4.
RATES_RTX = {**RATES, ("int8", "bf16"): (1.8, 4.4), ("fp4", "fp8"): (1.8, 4.4)}
# Dense 16-bit FLOP per byte of bandwidth: 419 (L40S) is the largest sold as a card; a sparse figure doubles it.
LARGEST_FLOP_PER_BYTE = 450
LARGEST_FLOP_PER_BYTE_JETSON = 1000
# Files hold a few parts in more bits than the quantization's average, never in clearly fewer: GiB taken for GB
# makes a file 7 % too small.
FILE_BITS = (0.96, 1.7)
# Where every weight has the same format there is nothing but the header.
FILE_BITS_UNIFORM = (0.96, 1.05)
UNIFORM = ("bf16",)
# Types of a parameter's value by its kind; true is no number.
FORMS: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "choice": (str,),
    "id": (str, dict),
    "object": (dict,),
    "list": (list,),
    "boolean": (bool,),
}
# A change or a difference may be negative, an amount may not.
UNITS_BELOW_ZERO = {"percent", "points", "factor", "index", ""}
# A server draws more than its devices, but not several times as much.
SERVER_POWER = (0.7, 3.0)


def cross_problems(found: Entities, broken: Mapping[str, set[str]]) -> Iterator[Problem]:
    """Problems between fields and files. `broken`: ids by kind whose files have problems of their own already."""
    check = Checks(found, broken)
    for kind, entities in found.items():
        for entity_id, entity in entities.items():
            check.entity = entity
            if kind != "strings":
                check.every_value()
            if (of_kind := BY_KIND.get(kind)) is not None:
                of_kind(check, entity_id, entity.values)
    for together in (check_profiles, check_paths, check_strings, check_terms, check_works):
        together(check)
    yield from check.problems


class Checks:
    """Collects problems of the entity at hand."""

    def __init__(self, found: Entities, broken: Mapping[str, set[str]]) -> None:
        self.found, self.broken = found, broken
        self.problems: list[Problem] = []
        self.entity: Entity
        self.today = date.today()

    def refuse(self, path: Path_, text: str) -> None:
        self.problems.append(Problem(self.entity.file, self.entity.line(path), dotted(path), text))

    def refer(self, path: Path_, kind: str, name: str) -> None:
        if name not in self.found[kind] and name not in self.broken[kind]:
            self.refuse(path, f"{name} does not exist; allowed: a file name of data/{kind}/ without .yml; add the file")

    def figure(self, path: Path_, reference: str) -> None:
        kind, _, rest = reference.partition("/") if "#" in reference else ("facts", "", reference)
        broken = rest.partition("#")[0] in self.broken.get(kind, ())
        if not broken and figure_at(self.found, reference) is None:
            allowed = "an id of data/facts/, or a figure such as servers/h200-sxm-x8#price_usd"
            self.refuse(path, f"{reference} does not exist; allowed: {allowed}")

    def within(self, path: Path_, value: float, bounds: tuple[float, float], what: str) -> None:
        low, high = bounds
        if not low <= value <= high:
            self.refuse(path, f"{what}; allowed: {low:g} to {high:g}")

    def every_value(self) -> None:
        """Sources exist, days are real and past, ranges hold their value."""
        for path, value in walk(self.entity.values):
            key = path[-1] if path else ""
            if isinstance(value, dict):
                self.one_range(path, value)
                if value.get("verified") is False and "note" not in value:
                    self.refuse((*path, "verified"), "false without a note; allowed: with the reason for doubt in note")
            elif key == "source":
                self.refer(path, "sources", value)
            elif key in DAYS or (key == "value" and is_day(value)):
                self.one_day(path, str(value), past=key not in ("to", "in_force_from"))

    def one_day(self, path: Path_, given: str, *, past: bool) -> None:
        try:
            date.fromisoformat(given if len(given) > len("2026-01") else f"{given}-01")
        except ValueError:
            self.refuse(path, f"{given} is no day of the calendar; allowed: YYYY-MM-DD")
            return
        # Where the checks run it may still be the day before: Japan is nine hours ahead of UTC.
        if past and given > (self.today + timedelta(days=1)).isoformat():
            self.refuse(path, f"{given} lies in the future; allowed: up to today, {self.today}")

    def one_range(self, path: Path_, value: Mapping[str, Any]) -> None:
        ends = [value.get(key) for key in ("low", "value", "high")]
        numbers = [n for n in ends if isinstance(n, int | float) and not isinstance(n, bool)]
        if len(numbers) > 1 and numbers != sorted(numbers):
            low, middle, high = (value.get(key, "-") for key in ("low", "value", "high"))
            told = f"low {low}, value {middle}, high {high} are out of order; allowed: low <= value <= high"
            self.refuse((*path, "value" if "value" in value else "low"), told)


def is_day(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d(-\d\d)?", value) is not None


def walk(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value with its path. What YAML gives is a dict; asking for any Mapping takes ten times as long."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, (*path, i))


def value_of(values: Mapping[str, Any], key: str) -> Any:
    """The value of a fact value; None if it is unknown or not given."""
    found = values.get(key)
    return found.get("value") if isinstance(found, Mapping) else None


def check_model(check: Checks, model_id: str, values: Mapping[str, Any]) -> None:
    keys = (
        "total_params active_params embedding_params n_experts experts_per_token layers layer_groups kv_kib_per_token"
    )
    total, active, embedding, experts, used, layers, groups, published = (value_of(values, k) for k in keys.split())
    for key, part, whole in (
        ("active_params", active, total),
        ("embedding_params", embedding, total),
        ("experts_per_token", used, experts),
    ):
        if part is not None and whole is not None and part > whole:
            name = "n_experts" if key == "experts_per_token" else "total_params"
            check.refuse((key,), f"{part} is more than {name}; allowed: at most {whole}")
    if groups:
        counted = sum(group["layers"] for group in groups)
        if layers and counted != layers:
            told = (
                f"groups hold {counted} layers; allowed: {layers} (layers); layers without a cache are linear, 0 bytes"
            )
            check.refuse(("layer_groups",), told)
        if published:
            computed = kv_bytes_per_token(tuple(LayerGroup(**group) for group in groups)) / 1024
            # A published figure is rounded: half a unit of its last digit, and a hair for the float.
            digits = len(str(published).partition(".")[2]) if published != int(published) else 0
            if abs(computed - published) > 0.51 * 10**-digits:
                check.refuse(
                    ("kv_kib_per_token",),
                    f"{published:g} KiB is published, layer_groups give {computed:g}; allowed: the same; correct one",
                )
    for i, weights in enumerate(values.get("weights_files", ())):
        check.refer(("weights_files", i, "quantization"), "quantizations", weights["quantization"])
        quantization = check.found["quantizations"].get(weights["quantization"])
        if total and quantization:
            nominal = quantization.values["bits_per_weight"]["value"]
            bits = 8 * weights["bytes"] / total
            bounds = FILE_BITS_UNIFORM if weights["quantization"] in UNIFORM else FILE_BITS
            if not bounds[0] <= bits / nominal <= bounds[1]:
                low, high = (share * nominal * total / 8 for share in bounds)
                check.refuse(
                    ("weights_files", i, "bytes"),
                    f"{weights['bytes']} is {bits:.3g} bits a weight; allowed for {weights['quantization']}: "
                    f"{low:.4g} to {high:.4g} bytes; a GiB is 1,073,741,824 bytes, a GB is 1,000,000,000",
                )


def check_device(check: Checks, device_id: str, values: Mapping[str, Any]) -> None:
    memory = values["memory_gib"]["value"]
    if memory != int(memory):
        check.refuse(
            ("memory_gib", "value"),
            f"{memory} is not whole; allowed: the size as sold (a vendor's 80 GB is 80 GiB); "
            "what a model may use of it belongs into usable_share",
        )
    rates = {precision: rate["value"] for precision, rate in values["tflops"].items()}
    for (half, full), bounds in (RATES_RTX if values["device_class"] == "rtx" else RATES).items():
        if half in rates and full in rates:
            ratio = rates[half] / rates[full]
            if not bounds[0] <= ratio <= bounds[1] and not (half == "int8" and ratio < REST_OF_INT8):
                check.refuse(
                    ("tflops", half),
                    f"{rates[half]:g} is {ratio:.2f} times {full}; allowed: {bounds[0]:g} to {bounds[1]:g} times; "
                    "one of the two is the sparse figure of the data sheet: give the dense one, half of it",
                )
    per_byte = rates.get("bf16", 0.0) * 1000 / values["bandwidth_gbs"]["value"]
    largest = LARGEST_FLOP_PER_BYTE_JETSON if values["device_class"] == "jetson" else LARGEST_FLOP_PER_BYTE
    if per_byte > largest:
        check.refuse(
            ("tflops", "bf16"),
            f"{rates['bf16']:g} is {per_byte:.0f} FLOP per byte of bandwidth; "
            f"allowed: at most {largest}; give the dense figure, half of the sparse one",
        )
    for precision, sparse in values.get("tflops_sparse", {}).items():
        if sparse["value"] <= 0:
            check.refuse(("tflops_sparse", precision), f"{sparse['value']:g} is not allowed; allowed: more than 0")
        if precision in rates and abs(sparse["value"] / rates[precision] - 2) > 0.05:
            check.refuse(
                ("tflops", precision),
                f"{rates[precision]:g} beside {sparse['value']:g} in tflops_sparse; allowed: half of that",
            )


def check_server(check: Checks, server_id: str, values: Mapping[str, Any]) -> None:
    check.refer(("device",), "devices", values["device"])
    device = check.found["devices"].get(values["device"])
    watts = value_of(device.values, "power_w") if device else None
    if watts:
        share = values["server_kw"]["value"] * 1000 / (watts * values["n_devices"])
        check.within(
            ("server_kw",),
            share,
            SERVER_POWER,
            f"{values['server_kw']['value']} kW is {share:.2g} times the devices' power",
        )


def check_price(check: Checks, price_id: str, values: Mapping[str, Any]) -> None:
    check.refer(("model",), "models", values["model"])
    expected = f"{values['model']}.{values['provider']}"
    if price_id != expected:
        check.refuse(("provider",), f"file name is {price_id}; allowed: {expected}.yml; rename the file")
    rows: Sequence[Mapping[str, Any]] = values["rows"]
    for i, row in enumerate(rows):
        where: Path_ = ("rows", i)
        if row.get("to", "9999") <= row["from"]:
            check.refuse((*where, "to"), f"{row['to']} is not after from; allowed: later than {row['from']}")
        if not row["from"] <= row["date"] <= row.get("to", "9999"):
            check.refuse(
                (*where, "date"),
                f"{row['date']} lies outside of the row; allowed: {row['from']} to {row.get('to', 'today')}",
            )
        for tier in [row, *row.get("tiers", ())]:
            if tier.get("cache_read", 0) > tier["in"]:
                check.refuse(
                    (*where, "cache_read"), f"{tier['cache_read']} is more than in; allowed: at most {tier['in']}"
                )
        starts = [tier["above_prompt_tokens"] for tier in row.get("tiers", ())]
        if starts != sorted(set(starts)):
            check.refuse((*where, "tiers"), f"tiers start at {starts}; allowed: rising, each once")
    for i, (one, two) in enumerate(itertools.pairwise(rows)):
        if one.get("to", "9999") > two["from"]:
            check.refuse(("rows", i), f"overlaps the row from {two['from']}; allowed: `to:` at most {two['from']}")


def check_score(check: Checks, score_id: str, values: Mapping[str, Any]) -> None:
    if not score_id.startswith(values["benchmark"]):
        check.refuse(
            ("benchmark",), f"{values['benchmark']} does not begin {score_id}; allowed: <benchmark>-<version>.yml"
        )
    if values["interval"] == "binomial" and ("n" not in values or values["unit"] != "%"):
        check.refuse(("interval",), "binomial without n and %; allowed: published, none, or give n (tasks) and unit %")
    if "margin" in values:
        check.figure(("margin",), values["margin"])
        if values["interval"] != "published":
            check.refuse(("interval",), f"{values['interval']} beside a margin; allowed: published")
    seen: dict[tuple[str, ...], int] = {}
    for i, row in enumerate(values["rows"]):
        check.refer(("rows", i, "model"), "models", row["model"])
        same = tuple(str(row.get(key, "")) for key in ("model", "setting", "harness", "run_by", "date"))
        if same in seen:
            check.refuse(("rows", i), f"repeats row {seen[same]}: same model, setting, harness, run_by, date; keep one")
        seen[same] = i
        if values["unit"] == "%":
            check.within(("rows", i, "value"), row["value"], (0, 100), f"{row['value']} %")


def check_measurements(check: Checks, source: str, values: Mapping[str, Any]) -> None:
    source = measured_source(source)
    if source not in check.found["sources"] and source not in check.broken["sources"]:
        check.refuse((), f"{source} is no source; allowed: a file name of data/sources/ without .yml; add the source")
    for i, row in enumerate(values["rows"]):
        for key, kind in (("model", "models"), ("device", "devices"), ("quantization", "quantizations")):
            if key != "device" or row[key] != OWN:
                check.refer(("rows", i, key), kind, row[key])
            elif "this_device" not in values:
                check.refuse(("rows", i, key), f"{OWN} without this_device; allowed: with the device's own figures")
        if (times := row.get("token_times_ms", [])) != sorted(times):
            check.refuse(("rows", i, "token_times_ms"), "times go back; allowed: each at or after the one before")
        if values["rows"].index(row) != i:
            check.refuse(("rows", i), f"repeats row {values['rows'].index(row)}; allowed: each run once")
        if not row.get("calibrates", True) and "note" not in row:
            check.refuse(("rows", i, "calibrates"), "false without a note; allowed: with the reason in note")


def check_parameter(check: Checks, name: str, values: Mapping[str, Any]) -> None:
    form = int | float if values["kind"] in ("number", "integer") else str
    for i, choice in enumerate(values.get("choices", ())):
        if not isinstance(choice, form) or choice == "":
            check.refuse(("choices", i), f"{choice!r} is not allowed; allowed: a {'word' if form is str else 'number'}")
    if values.get("min", 0) > values.get("max", values.get("min", 0)):
        check.refuse(("max",), f"{values['max']} is less than min; allowed: at least {values['min']}")
    if "fact" in values:
        check.figure(("fact",), values["fact"])
    for key in ("value", "low", "high"):
        check_parameter_value(check, (key,), name, values.get(key))


def check_parameter_value(check: Checks, path: Path_, name: str, value: Any) -> None:
    """A value of a parameter: a choice, a number within bounds, an id that exists."""
    parameter = check.found["parameters"].get(name)
    if parameter is None or value is None:
        return
    entry = parameter.values
    if value == "" or (value == [] and path == ("value",)):  # a preset may say: none
        check.refuse(path, f"{value!r} is not allowed; allowed: a value; leave the key out if there is none")
    elif type(value) not in FORMS[entry["kind"]]:
        check.refuse(path, f"{value} is not allowed; allowed: {entry['kind']}")
    elif "choices" in entry:
        for one in value if isinstance(value, list) else [value]:
            if one not in entry["choices"]:
                check.refuse(path, f"{one} is not allowed; allowed: {', '.join(map(str, entry['choices']))}")
    elif isinstance(value, int | float):
        low, high = entry.get("min", value), entry.get("max", value)
        if not low <= value <= high or (entry.get("exclusive_min") and value == low):
            check.refuse(path, f"{value} is not allowed; allowed: {low} to {high}")
    elif name == "api_model" and value in check.found["prices"]:
        return  # the offer of one provider
    elif entry["kind"] == "id" and isinstance(value, str):
        # Where a device stands, a server may.
        servers = {*check.found["servers"], *check.broken["servers"]} if entry["entity"] == "devices" else ()
        if value not in servers:
            check.refer(path, entry["entity"], value)


def check_preset(check: Checks, preset_id: str, values: Mapping[str, Any]) -> None:
    for name, value in values["set"].items():
        path: Path_ = ("set", name)
        if name not in check.found["parameters"] and name not in check.broken["parameters"]:
            check.refuse(path, f"{name} is no parameter; allowed: a file name of data/parameters/ without .yml")
        elif isinstance(value, Mapping):
            check.figure((*path, "fact"), value["fact"])
        else:
            check_parameter_value(check, path, name, value)
    for i, regulation in enumerate(values.get("because", ())):
        check.refer(("because", i), "regulations", regulation)


def check_usage_format(check: Checks, format_id: str, values: Mapping[str, Any]) -> None:
    roles = values["roles"]
    for key in ("added", "includes"):
        for i, role in enumerate(values.get(key, ())):
            if role not in roles:
                check.refuse((key, i), f"{role} has no column; allowed: {', '.join(roles)}")
            elif key == "added" and len(roles[role]) < 2:
                check.refuse((key, i), f"{role} has one column; allowed: roles with several; leave it out")
    if values["row"] == "request" and "requests" in roles:
        check.refuse(("roles", "requests"), "given where a row is one request; allowed: with row bucket; leave it out")
    if "json" not in values["files"] and "lists" in values:
        check.refuse(("lists",), "given for csv; allowed: with json in files; leave it out")
    known = {column for columns in roles.values() for column in columns}
    if not known.intersection(values["signature"]):
        check.refuse(("signature",), "names no column of a role; allowed: at least one of them; check the spelling")
    # Two formats that the same file fits would be told apart by chance.
    for other_id, other in check.found["usage-formats"].items():
        if other_id < format_id and other.values["signature"] == values["signature"]:
            shared = sorted(set(other.values["files"]) & set(values["files"]))
            if shared:
                check.refuse(("signature",), f"is that of {other_id}, too; allowed: once for {', '.join(shared)}")


def check_browser_model(check: Checks, model_id: str, values: Mapping[str, Any]) -> None:
    check.refer((), "models", model_id)
    check.refer(("host",), "model-hosts", values["host"])
    if values["revision"] == "main" and values["verified"]:
        check.refuse(("verified",), "true at revision main, which the host may change; allowed: false, or a commit")


def check_term(check: Checks, term_id: str, values: Mapping[str, Any]) -> None:
    for i, other in enumerate(values.get("see", ())):
        check.refer(("see", i), "glossary", other)
        if other == term_id:
            check.refuse(("see", i), f"{other} is this term; allowed: another term")


def check_work(check: Checks, work_id: str, values: Mapping[str, Any]) -> None:
    for i, source in enumerate(values["sources"]):
        check.refer(("sources", i), "sources", source)


def check_works(check: Checks) -> None:
    """The book's list has each number once, from 1 on."""
    works = sorted(check.found["works"].values(), key=lambda work: (work.values["number"], work.file))
    for expected, work in enumerate(works if not check.broken["works"] else (), 1):
        if (number := work.values["number"]) != expected:
            check.entity = work
            check.refuse(("number",), f"{number} where the list goes on with {expected}; allowed: each once, from 1 on")
            return


def check_source(check: Checks, key: str, values: Mapping[str, Any]) -> None:
    published, accessed = str(values.get("published", "")), values["accessed"]
    if published[:7] > accessed[: len(published[:7])]:
        check.refuse(("published",), f"{published} is after accessed; allowed: up to {accessed}")


def check_fact(check: Checks, fact_id: str, values: Mapping[str, Any]) -> None:
    for key in ("low", "value", "high"):
        if values["unit"] not in UNITS_BELOW_ZERO and isinstance(values.get(key), int | float) and values[key] < 0:
            check.refuse((key,), f"{values[key]} {values['unit']} is not allowed; allowed: at least 0")
    if (values["unit"] == "date") != isinstance(values["value"], str):
        check.refuse(
            ("value",), f"{values['value']} with unit {values['unit']!r}; allowed: a date with unit date, else a number"
        )


def check_path(check: Checks, path_id: str, values: Mapping[str, Any]) -> None:
    place, provider = values.get("place"), values.get("provider")
    expected = str(place).replace("_", "-") + (f".{provider}" if provider else "")
    if place and path_id != expected:
        check.refuse(("place",), f"file name is {path_id}; allowed: {expected}.yml; rename the file")
    if provider:
        providers = {entity.values["provider"] for entity in check.found["prices"].values()}
        if place != "cloud":
            check.refuse(("provider",), f"{provider} given without place cloud; allowed: with it; leave the key out")
        elif provider not in providers and not check.broken["prices"]:
            check.refuse(("provider",), f"{provider} has no prices; allowed: {', '.join(sorted(providers))}")
    for key in ("before", "after"):
        if key in values:
            check.refer((key,), "prompt-paths", values[key])
            part = check.found["prompt-paths"].get(values[key])
            if not place or (part and "place" in part.values):
                told = f"{values[key]} given in a part" if not place else f"{values[key]} is a whole path"
                check.refuse((key,), f"{told}; allowed: in a path with a place, a path without one")


def check_profiles(check: Checks) -> None:
    """Every device has a profile, every group one default, every file its name."""
    profiles = check.found["speed-profiles"]
    groups = {entity.values["group"] for entity in profiles.values()}
    for entity in check.found["devices"].values():
        check.entity, group = entity, entity.values["speed_group"]
        if group not in groups and not check.broken["speed-profiles"]:
            check.refuse(("speed_group",), f"{group} has no speed profile; allowed: {', '.join(sorted(groups))}")
    for profile_id, entity in profiles.items():
        check.entity, expected = entity, f"{entity.values['group']}.{entity.values['engine']}"
        if profile_id != expected:
            check.refuse(("engine",), f"file name is {profile_id}; allowed: {expected}.yml; rename the file")
    for group in sorted(groups):
        members = [e for e in profiles.values() if e.values["group"] == group]
        chosen = [e for e in members if e.values.get("default")]
        if len(chosen) != 1 and not check.broken["speed-profiles"]:
            check.entity = chosen[1] if chosen else members[0]
            check.refuse(("default",), f"group {group} has {len(chosen)} profiles with default: true; allowed: one")


def check_paths(check: Checks) -> None:
    """Every place has a path that holds for any provider."""
    paths, broken = check.found["prompt-paths"], check.broken["prompt-paths"]
    for place in PLACES if paths else ():
        path_id = place.replace("_", "-")
        path = paths.get(path_id)
        if path_id not in broken and (path is None or path.values.get("place") != place):
            check.entity = path or next(iter(paths.values()))
            check.refuse(("place",), f"no path of {place}; allowed: place: {place} in data/prompt-paths/{path_id}.yml")


def check_strings(check: Checks) -> None:
    """Both languages fill the same slots; an id of the engine's areas stands in one of them."""
    first: dict[str, Entity] = {}
    for area, entity in check.found["strings"].items():
        check.entity = entity
        for string_id, texts in entity.values.items():
            slots = {lang: set(re.findall(r"\{(\w*)", str(text))) for lang, text in texts.items()}
            if slots["en"] != slots["ja"]:
                given = " and ".join(", ".join(sorted(names)) or "none" for names in slots.values())
                check.refuse((string_id, "ja"), f"slots differ: {given}; allowed: the same slots in both languages")
            if area in ENGINE_STRINGS:  # compiled into one table
                if string_id in first:
                    check.refuse((string_id,), f"string given twice, first in {first[string_id].file}; keep one")
                first[string_id] = entity


def check_terms(check: Checks) -> None:
    """A term stands once."""
    for lang in ("en", "ja"):
        first: dict[str, str] = {}
        for term_id, entity in check.found["glossary"].items():
            check.entity, term = entity, str(entity.values["term"][lang]).casefold()
            if term in first:
                check.refuse(("term", lang), f"{term} is also the term of {first[term]}; allowed: once; use also")
            first[term] = term_id


BY_KIND: dict[str, Callable[[Checks, str, Mapping[str, Any]], None]] = {
    "models": check_model,
    "devices": check_device,
    "servers": check_server,
    "prices": check_price,
    "scores": check_score,
    "measurements": check_measurements,
    "parameters": check_parameter,
    "presets": check_preset,
    "prompt-paths": check_path,
    "usage-formats": check_usage_format,
    "browser-models": check_browser_model,
    "glossary": check_term,
    "sources": check_source,
    "works": check_work,
    "facts": check_fact,
    "claims": check_claim,
    "releases": check_release,
    "figures": check_figure,
    "sentences": check_sentence,
}
