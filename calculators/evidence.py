"""The language of quantities: what prose, claims and figures may say of `data/` and of the calculators. CPython only.

`Evidence` holds the functions (`v`, `price`, `minus`, `calc` …), `Quantity` is what they give: a value with its unit,
its interval and the references it rests on. The same expressions stand in Markdown (`{{ … }}`) and in YAML.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlencode

from jinja2 import StrictUndefined, TemplateError, Undefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from .data_files import Entity, measured_source
from .dataset import Dataset, blended, dataset_from_json, offer_of, price_row_on
from .load import compile_data
from .scores import Incomparable, Score, difference, score_from
from .text import number, prose, significant, with_unit
from .worker import reply

# Unit of a field that carries no unit of its own: it is in the field's name or in the schema.
UNIT_OF_FIELD = {
    "total_params": "parameters",
    "active_params": "parameters",
    "embedding_params": "parameters",
    "context_tokens": "tokens",
    "released": "date",
    "memory_gib": "GiB",
    "bandwidth_gbs": "GB/s",
    "power_w": "W",
    "price_usd": "USD",
    "rental_usd_per_hour": "USD",
    "bf16": "TFLOPS",
    "fp8": "TFLOPS",
    "fp4": "TFLOPS",
    "in": "USD/Mtok",
    "out": "USD/Mtok",
}
SCORE_UNITS = {"%": "percent", "points": "index"}
SPEEDS = {"decode": "decode_tokens_per_second", "prefill": "prefill_tokens_per_second"}
PRICES = ("in", "out", "cache_read", "cache_write", "blended")
PRICE_KEYS = {"blended": ("in", "out")}
RATIO_DIGITS = 2


class NoSuchFact(LookupError):
    """An expression names what `data/` does not hold, or mixes what does not mix; str() is one sentence."""


class NoValue(NoSuchFact):
    """An expression is in order, but its value is unknown or never comes; str() is one sentence."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """A value, its unit, the ends of its interval, and where it is from.

    `rests_on`: references of `data/` ("facts/<id>", "models/<id>#<field>", "scores/<id>#<words>"); `stored`: the fact
    value itself where nothing was computed; `words`: a text that the engine made; `reason`: why there is no value;
    `case`: calculator and address query of a computed result; `exact`: the digits are those that were stored.
    """

    value: float | str | None
    unit: str
    expression: str
    rests_on: tuple[str, ...] = ()
    ends: tuple[float, float] | None = None
    stored: Mapping[str, Any] | None = None
    words: str = ""
    reason: str = ""
    case: tuple[str, str] | None = None
    exact: bool = True
    show: Callable[[Quantity], str] = field(default=lambda q: str(q.value), repr=False)

    def __str__(self) -> str:
        return self.show(self)

    @property
    def figure(self) -> float:
        """The number. Raises NoSuchFact for a date, and for what has no value."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            kind = NoValue if self.value is None else NoSuchFact
            raise kind(f"{self.expression}: {self.reason or self.value} is not a number")
        return float(self.value)

    def made(self, value: float, unit: str, expression: str, *others: Quantity) -> Quantity:
        """A number computed from this quantity and others."""
        rests_on = tuple(dict.fromkeys((*self.rests_on, *(r for other in others for r in other.rests_on))))
        return Quantity(float(f"{value:.10g}"), unit, expression, rests_on, show=self.show)

    def combined(self, other: Any, sign: str, how: Callable[[float, float], float]) -> Quantity:
        """Sum or difference with a quantity of the same unit."""
        if not isinstance(other, Quantity) or other.unit != self.unit:
            given = other.unit if isinstance(other, Quantity) else str(other)
            raise NoSuchFact(
                f"{self.expression} {sign} {other!s:.40}: {given} given; allowed: a quantity in {self.unit}"
            )
        return self.made(
            how(self.figure, other.figure), self.unit, f"{self.expression} {sign} {other.expression}", other
        )

    def __add__(self, other: Any) -> Quantity:
        return self.combined(other, "+", lambda a, b: a + b)

    def __sub__(self, other: Any) -> Quantity:
        return self.combined(other, "-", lambda a, b: a - b)

    def __truediv__(self, other: Any) -> Quantity:
        """A plain ratio of two quantities of one unit, or a share of this one."""
        expression = f"{self.expression} / {other.expression if isinstance(other, Quantity) else other}"
        divisor = other.figure if isinstance(other, Quantity) else float(other)
        if divisor == 0:
            raise NoSuchFact(f"{expression}: the divisor is 0")
        if not isinstance(other, Quantity):
            return self.made(self.figure / divisor, self.unit, expression)
        if other.unit not in (self.unit, "times"):
            raise NoSuchFact(f"{expression}: {other.unit} given; allowed: a quantity in {self.unit}")
        unit = "times" if other.unit == self.unit else self.unit
        return self.made(self.figure / divisor, unit, expression, other)

    def __mul__(self, other: Any) -> Quantity:
        expression = f"{self.expression} * {other.expression if isinstance(other, Quantity) else other}"
        if not isinstance(other, Quantity):
            return self.made(self.figure * float(other), self.unit, expression)
        if "times" not in (self.unit, other.unit) and "" not in (self.unit, other.unit):
            raise NoSuchFact(f"{expression}: {self.unit} times {other.unit}; allowed: one of them without a unit")
        unit = other.unit if self.unit in ("times", "") else self.unit
        return self.made(self.figure * other.figure, unit, expression, other)

    def compared(self, other: Any) -> float:
        if isinstance(other, Quantity) and isinstance(self.value, str) and isinstance(other.value, str):
            return float((self.value > other.value) - (self.value < other.value))
        return self.figure - (other.figure if isinstance(other, Quantity) else float(other))

    def __lt__(self, other: Any) -> bool:
        return self.compared(other) < 0

    def __le__(self, other: Any) -> bool:
        return self.compared(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self.compared(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self.compared(other) >= 0

    def __eq__(self, other: Any) -> bool:
        if isinstance(other, str):
            return self.value == other
        return self.compared(other) == 0

    def __hash__(self) -> int:
        return hash(self.expression)

    def end(self, which: int) -> Quantity:
        name = ("low", "high")[which]
        if self.ends is None:
            raise NoSuchFact(f"{self.expression}: has no interval; allowed: what carries low and high, or n")
        return replace(self.made(self.ends[which], self.unit, f"{self.expression}.{name}"), words="")

    @property
    def low(self) -> Quantity:
        """The low end of the interval. Raises NoSuchFact where there is none."""
        return self.end(0)

    @property
    def high(self) -> Quantity:
        """The high end of the interval. Raises NoSuchFact where there is none."""
        return self.end(1)

    @property
    def size(self) -> Quantity:
        """Without its sign."""
        return self.made(abs(self.figure), self.unit, f"{self.expression}.size")

    @property
    def percent(self) -> Quantity:
        """A ratio as a percentage."""
        return self.made(self.figure, "share", f"{self.expression}.percent")

    @property
    def whole(self) -> Quantity:
        """Rounded to a whole number."""
        return self.made(float(round(self.figure)), self.unit, f"{self.expression}.whole")

    @property
    def seconds(self) -> Quantity:
        """A time in milliseconds as seconds. Raises NoSuchFact for another unit."""
        if self.unit != "ms":
            raise NoSuchFact(f"{self.expression}.seconds: {self.unit or 'no unit'} given; allowed: milliseconds")
        ends = (self.ends[0] / 1000, self.ends[1] / 1000) if self.ends else None
        made = replace(self, value=self.figure / 1000, unit="seconds", ends=ends, words="", stored=None)
        return replace(made, expression=f"{self.expression}.seconds")

    @property
    def bare(self) -> Quantity:
        """A price without "per million tokens", for tables whose head says it."""
        unit = "USD" if self.unit == "USD/Mtok" else self.unit
        words = "" if self.stored is None or self.unit == unit else "price"
        return replace(self, unit=unit, words=words, expression=f"{self.expression}.bare")

    @property
    def never(self) -> bool:
        """Whether there is no value: it never happens, or it cannot be said."""
        return self.value is None


class Case:
    """An answered calculator: `case.payback_month` is a result, `case.given.tokens_per_month` an input."""

    def __init__(self, results: Mapping[str, Any], expression: str, rests_on: tuple[str, ...], where: tuple[str, str],
                 show: Callable[[Quantity], str], inputs: Mapping[str, Any] | None = None) -> None:  # fmt: skip
        self._results, self._inputs = results, inputs
        self._made = (expression, rests_on, where, show)

    @property
    def rests_on(self) -> tuple[str, ...]:
        """References of `data/` behind the answer."""
        return self._made[1]

    @property
    def given(self) -> Case:
        """The inputs of the case."""
        expression, rests_on, where, show = self._made
        return Case(self._inputs or {}, f"{expression}.given", rests_on, where, show)

    def __getattr__(self, name: str) -> Quantity:
        return self[name]

    def __getitem__(self, name: str) -> Quantity:
        expression, rests_on, where, show = self._made
        if name.startswith("_") or name not in self._results:
            raise NoSuchFact(f"{expression}.{name}: there is no such value; allowed: {', '.join(self._results)}")
        found = self._results[name]
        low, high = found.get("low"), found.get("high")
        ends = (float(low), float(high)) if low is not None and high is not None else None
        value = found["value"] if isinstance(found["value"], int | float | str) else None
        return Quantity(
            value,
            str(found.get("unit", "")),
            f"{expression}.{name}",
            rests_on,
            ends,
            words=str(found["text"]),
            reason=str(found.get("reason", "" if value is not None else "several values")),
            case=where,
            show=show,
        )


class Evidence:
    """The functions of the quantity language over entities as `read_all` gives them.

    `lang`: of the words of calculators' results; `show`: how a quantity stands in a text.
    """

    def __init__(
        self,
        found: Mapping[str, Mapping[str, Entity]],
        lang: str = "en",
        show: Callable[[Quantity], str] | None = None,
    ) -> None:
        self.found, self.lang = found, lang
        self.units: Mapping[str, Mapping[str, str]] = found["strings"]["units"].values
        self.show = show or self.text
        self._cases: dict[str, Case] = {}
        self._answers: dict[str, Any] = {}

    def shown(self, show: Callable[[Quantity], str]) -> Evidence:
        """The same evidence, whose quantities stand otherwise in a text; what calculators answer is computed once."""
        other = Evidence(self.found, self.lang, show)
        other._answers = self._answers
        other.__dict__["dataset"] = self.dataset
        return other

    @cached_property
    def dataset(self) -> Dataset:
        """What the engine sees of the entities."""
        return dataset_from_json(compile_data(self.found, "evidence"))

    def functions(self) -> dict[str, Callable[..., Any]]:
        """What an expression may call."""
        names = "v price minus ratio days default calc noise within_noise".split()
        return {name: getattr(self, name) for name in names}

    def text(self, q: Quantity) -> str:
        """A quantity as it reads in a sentence."""
        if q.unit in ("tokens", "people") and q.value is not None:
            return prose(q.value, q.unit, self.lang, self.units)
        if q.words and q.words != "price":
            return q.words
        if q.value is None:
            return q.reason
        if q.stored is not None:
            if q.words == "price":
                digits = number(q.figure, "USD/Mtok", self.lang, q.exact)
                return self.units["unit.USD"][self.lang].format(n=digits)
            if not q.exact:
                return with_unit(q.value, q.unit, self.lang, self.units)
            return prose(q.value, q.unit, self.lang, self.units)
        if isinstance(q.value, str):
            return prose(q.value, q.unit, self.lang, self.units)
        if q.unit == "times":
            return significant(q.value, RATIO_DIGITS)
        if q.unit == "share":
            return number(q.value, "share", self.lang, False)
        if q.unit in ("index", "percent", "days", "count"):  # the sentence names the unit
            return number(round(q.value, 1), "", self.lang, True)
        return with_unit(q.value, q.unit, self.lang, self.units)

    # What data/ holds

    def entity(self, name: str) -> Mapping[str, Any]:
        """`models/glm-5` -> its values. Raises NoSuchFact."""
        kind, _, entity_id = name.partition("/")
        if kind not in self.found or entity_id not in self.found[kind]:
            told = f"there is no file data/{name}.yml; allowed: the name of a file there; correct it, or add the file"
            raise NoSuchFact(f"{name}: {told}")
        values: Mapping[str, Any] = self.found[kind][entity_id].values
        return values

    def stored(self, name: str, field_name: str = "") -> tuple[Mapping[str, Any], str]:
        """A fact value (value, source, date, verified?) and its unit. Raises NoSuchFact.

        A score is named by its file and words that only its row has: `scores/swe-bench-verified#glm-5 openhands`; so is
        a measured speed: `measurements/llama-cpp-4167#decode llama-2-7b apple-m1`; a field also by
        `models/glm-5#total_params`.
        """
        if name.startswith("measurements/") and "#" in name:
            row, key = self.measured_row(name)
            source = measured_source(name.removeprefix("measurements/").partition("#")[0])
            return {**row, "value": row[key], "source": source}, "tokens/s"
        if name.startswith("scores/") and "#" in name:
            return self.score_row(name)[0], SCORE_UNITS[self.entity(name.partition("#")[0])["unit"]]
        name, _, inside = name.partition("#")
        field_name = field_name or inside
        found = self.entity(name)
        if not field_name:
            if "value" not in found:
                raise NoSuchFact(f"{name}: holds several values; name a field, one of {', '.join(found)}")
            return found, str(found["unit"])
        for step in field_name.split("."):
            if not isinstance(found, Mapping) or step not in found:
                known = ", ".join(sorted(found)) if isinstance(found, Mapping) else "none"
                raise NoSuchFact(f"{name}: has no field {field_name}; allowed: {known}")
            found = found[step]
        if not isinstance(found, Mapping) or "value" not in found:
            why = found.get("unknown", "no figure") if isinstance(found, Mapping) else "no figure"
            kind = NoValue if isinstance(found, Mapping) and "unknown" in found else NoSuchFact
            raise kind(f"{name}#{field_name}: is unknown ({why}); allowed: a field with a value")
        return found, UNIT_OF_FIELD.get(field_name.split(".")[-1], "")

    def score_row(self, name: str) -> tuple[Mapping[str, Any], Score]:
        """The one row of a score file that has a model and all further words. Raises NoSuchFact for none or several."""
        file, _, query = name.partition("#")
        values = self.entity(file)
        model, *words = query.split()
        rows = [
            row
            for row in values.get("rows", ())
            if row["model"] == model
            and all(word in (*str(row.get("setting", "")).split(), row["harness"], row["date"]) for word in words)
        ]
        if len(rows) != 1:
            told = "; ".join(f"{r.get('setting', 'no setting')}, {r['harness']}, {r['date']}" for r in rows)
            raise NoSuchFact(f"{name}: {len(rows)} rows{f' ({told})' if told else ''}; allowed: words that one row has")
        return rows[0], score_from(file.partition("/")[2], values, rows[0], self.margin_of(values))

    def measured_row(self, name: str) -> tuple[Mapping[str, Any], str]:
        """The one row of a file of measurements that has all words, and the key of the speed that the first word names.

        A word is the id of the row's model, device, engine or quantization, or a field with its value (`batch=8`).
        Raises NoSuchFact for none or several.
        """
        file, _, query = name.partition("#")
        speed, *words = query.split() or [""]
        if speed not in SPEEDS:
            raise NoSuchFact(f"{name}: {speed or 'nothing'} given; allowed: {' or '.join(SPEEDS)}, then words of a row")

        def known(row: Mapping[str, Any]) -> set[str]:
            named = {str(row[key]) for key in ("model", "device", "engine", "quantization")}
            return named | {f"{key}={value}" for key, value in row.items()}

        rows = [r for r in self.entity(file).get("rows", ()) if SPEEDS[speed] in r and {*words} <= known(r)]
        if len(rows) != 1:
            told = f"{len(rows)} rows; allowed: words that one row has, such as its model, its device and batch=8"
            raise NoSuchFact(f"{name}: {told}")
        return rows[0], SPEEDS[speed]

    def margin_of(self, scores: Mapping[str, Any]) -> float | None:
        """The half-width that a benchmark's publisher states for all its scores."""
        return float(self.stored(f"facts/{scores['margin']}")[0]["value"]) if "margin" in scores else None

    # The functions

    def v(self, name: str, field_name: str = "") -> Quantity:
        """A value of data/: v("models/glm-5", "total_params"), v("facts/<id>"), v("scores/<file>#<model> <words>"),
        v("measurements/<file>#decode <words>")."""
        value, unit = self.stored(name, field_name)
        reference = f"{name}#{field_name}" if field_name else name
        ends = (value["low"], value["high"]) if "low" in value and "high" in value else None
        if name.startswith("scores/") and "#" in name:
            score = self.score_row(name)[1]
            ends = (score.low, score.high) if score.low is not None and score.high is not None else None
        return Quantity(value["value"], unit, reference, (reference,), ends, stored=value, show=self.show)

    def price(self, model: str, kind: str = "out", provider: str = "", on: str = "") -> Quantity:
        """A list price in USD per 1M tokens: the lab's own, or a provider's; in force, or on a day (ISO)."""
        offers = {i: e.values for i, e in self.found["prices"].items() if e.values["model"] == model}
        chosen = {i: o for i, o in offers.items() if (o["provider"] == provider if provider else o.get("first_party"))}
        expression = ", ".join([f'price("{model}"', f'"{kind}"', *(x for x in (provider, on) if x)]) + ")"
        if kind not in PRICES:
            raise NoSuchFact(f"{expression}: {kind} is no kind of price; allowed: {', '.join(PRICES)}")
        if len(chosen) != 1:
            told = ", ".join(sorted(str(o["provider"]) for o in offers.values())) or "no price of this model"
            raise NoSuchFact(f"{expression}: {len(chosen)} offers; allowed: one provider; known: {told}")
        ((offer_id, offer),) = chosen.items()
        row = price_row_on(offer["rows"], on or None)
        if row is None:
            raise NoValue(f"{expression}: no row of data/prices/{offer_id}.yml is in force; give `on`, or add the row")
        if kind != "blended" and kind not in row:
            raise NoSuchFact(f"{expression}: data/prices/{offer_id}.yml does not say it; allowed: {', '.join(PRICES)}")
        value = blended(row["in"], row["out"]) if kind == "blended" else float(row[kind])
        rests_on = tuple(f"prices/{offer_id}#{row['from']}.{key}" for key in PRICE_KEYS.get(kind, (kind,)))
        stored = {**row, "value": value, "low": None, "high": None}
        exact = kind != "blended"
        return Quantity(value, "USD/Mtok", expression, rests_on, stored=stored, exact=exact, show=self.show)

    def minus(self, one: str, other: str, across: bool = False) -> Quantity:
        """The difference of two figures; of scores with its 95 % interval. `across`: the text says that the harnesses
        differ."""
        first, second = self.v(one), self.v(other)
        if not (one.startswith("scores/") and other.startswith("scores/")):
            return first - second
        try:
            gap, low, high = difference(self.score_row(one)[1], self.score_row(other)[1], across_harnesses=across)
        except Incomparable as bad:
            raise NoSuchFact(f"{one} and {other}: {bad}") from None
        made = first.made(gap, first.unit, f"{one} - {other}", second)
        return replace(made, ends=None if low is None or high is None else (round(low, 1), round(high, 1)))

    def within_noise(self, one: str, other: str, across: bool = False) -> bool:
        """Whether the 95 % interval of the difference of two scores holds 0. Raises NoSuchFact without an interval."""
        gap = self.minus(one, other, across)
        return gap.low <= 0 <= gap.high

    def noise(self, one: str, other: str, across: bool = False) -> str:
        """The words for `within_noise`: the only way in which the text says them."""
        string_id = "noise-within" if self.within_noise(one, other, across) else "noise-outside"
        return str(self.found["strings"]["site"].values[string_id][self.lang])

    def ratio(self, one: str, other: str) -> Quantity:
        """One figure divided by another."""
        return self.v(one) / self.v(other)

    def days(self, first: str, last: str) -> Quantity:
        """Days from one date to another, both counted."""
        ends = self.v(first), self.v(last)
        days = [date.fromisoformat(str(end.value)) for end in ends]
        return ends[0].made((days[1] - days[0]).days + 1, "days", f"{first} .. {last}", ends[1])

    def default(self, parameter: str) -> Quantity:
        """The default of a parameter."""
        entry = self.dataset.parameters.get(parameter)
        if entry is None or "value" not in entry:
            raise NoSuchFact(
                f"parameters/{parameter}: has no default; allowed: a file of data/parameters/ with a value"
            )
        stored = {**self.entity(f"parameters/{parameter}"), **entry}
        reference = f"parameters/{parameter}"
        return Quantity(entry["value"], str(entry["unit"]), reference, (reference,), stored=stored, show=self.show)

    def calc(self, command: str, presets: str = "", **given: Any) -> Case:
        """A calculator's answer to presets (ids with spaces) and single parameters. Raises NoSuchFact for bad input."""
        told = "".join(f", {name}={value}" for name, value in given.items())
        expression = f'calc("{command}", "{presets}"{told})'
        if expression not in self._cases:
            answer = self._answers.get(expression)
            if answer is None:
                answer = reply(self.dataset, command, dict(given), self.lang, presets=presets.split())
                self._answers[expression] = answer
            if "error" in answer:
                raise NoSuchFact(f"{expression}: {answer['error']['text']}")
            where = (command, query_of(presets, given))
            # A server stands in the question; the answer names its device.
            asked = [
                given.get("device"),
                *(self.found["presets"][i].values["set"].get("device") for i in presets.split()),
            ]
            named = [one for one in dict.fromkeys(map(str, asked)) if one in self.found["servers"]]
            rests_on = tuple(self.behind(presets, answer["inputs"], named))
            units = self.dataset.parameters
            inputs = {i: {**v, "unit": units[i]["unit"]} for i, v in answer["inputs"].items()}
            self._cases[expression] = Case(answer["results"], expression, rests_on, where, self.show, inputs)
        return self._cases[expression]

    def behind(self, presets: str, inputs: Mapping[str, Any], servers: Sequence[str]) -> Iterator[str]:
        """The figures of `data/` that an answer rests on first: its presets, models, devices and prices."""
        yield from (f"presets/{name}" for name in presets.split())
        for name in ("model", "edge_model"):
            model = inputs.get(name, {}).get("value")
            if isinstance(model, str) and model in self.found["models"]:
                known = self.found["models"][model].values
                keys = ("total_params", "active_params", "layer_groups")
                yield from (f"models/{model}#{key}" for key in keys if "value" in known.get(key, ()))
        yield from (f"servers/{server}#price_usd" for server in servers)
        device = inputs.get("device", {}).get("value")
        if isinstance(device, str) and device in self.found["devices"]:
            known = self.found["devices"][device].values
            keys = ("memory_gib", "bandwidth_gbs", "rental_usd_per_hour")
            yield from (f"devices/{device}#{key}" for key in keys if "value" in known.get(key, ()))
        api = inputs.get("api_model", {}).get("value")
        if isinstance(api, str):
            offer = offer_of(self.dataset, api)
            file = f"{offer['model']}.{offer['provider']}"
            for row in self.found["prices"][file].values["rows"]:
                if "to" not in row:
                    yield from (f"prices/{file}#{row['from']}.{key}" for key in ("in", "out"))


def query_of(presets: str, given: Mapping[str, Any]) -> str:
    """The address query of a case, as the calculators' pages read it after `#?`."""
    chosen = [("preset", name) for name in presets.split()]
    return urlencode([*chosen, *((name, plain(value)) for name, value in given.items())])


def plain(value: Any) -> str:
    """A value as an address and JavaScript write it: 2e9 -> 2000000000, without an exponent; None is empty."""
    if value is None:
        return ""
    whole = isinstance(value, float) and math.isfinite(value) and value == int(value)
    return str(int(value) if whole else value)


ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined)
MACRO_FORM = 'allowed: a call such as v("models/glm-5", "layers"), each bracket and quote closed; correct it'


@cache
def compiled(expression: str) -> Callable[..., Any]:
    """An expression ready to be called with names; the same ones stand on many pages."""
    return ENVIRONMENT.compile_expression(expression, undefined_to_none=False)


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over these names (functions and values). Raises NoSuchFact with one sentence."""
    try:
        value = compiled(expression)(**names)
        return value if not isinstance(value, Undefined) else str(value)  # words that raise what is undefined
    except NoSuchFact:
        raise
    except (TemplateError, TypeError, ValueError, AttributeError, ArithmeticError) as bad:
        told = (
            f"allowed: {', '.join(sorted(names))}; correct the name" if isinstance(bad, UndefinedError) else MACRO_FORM
        )
        raise NoSuchFact(f"{expression}: {bad}; {told}") from None
