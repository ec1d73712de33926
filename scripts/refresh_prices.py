"""Proposes dated rows for `data/prices/` from a price feed: prints what would change; --write changes it.

Usage: python -m scripts.refresh_prices --from FILE|URL [--litellm FILE|URL] [--on YYYY-MM-DD] [--data DIR]
           [--accept ID ...] [--write] [--timeout SECONDS]
--from is the api.json of models.dev (USD per 1M tokens). --litellm is LiteLLM's price map (USD per token): a second
opinion, and the source of batch discounts. `feed` in a price file says where its price stands in them. A new price
closes the current row and adds one, the same price moves `date` (last seen); rows with `to` are never touched.
Exit code: 0 nothing refused, 1 a file was refused or the feeds disagree, 2 bad input, nothing written.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import math
import os
import re
import shutil
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from calculators.data_files import DATA, BadData, checked, read_text

SOURCE = "models-dev"
LIMIT = 50_000_000  # bytes of a feed
JUMP = 10  # times; a larger change is more often a wrong unit than a new price
APART = 0.01  # share by which the two feeds may differ
# Field of a row: its names in models.dev and in LiteLLM's map.
FIELDS = {
    "in": ("input", "input_cost_per_token"),
    "out": ("output", "output_cost_per_token"),
    "cache_read": ("cache_read", "cache_read_input_token_cost"),
    "cache_write": ("cache_write", "cache_creation_input_token_cost"),
}
# (for prompts of more tokens than this, field of a row) -> USD per 1M tokens
Prices = dict[tuple[int, str], float]
Row = Mapping[str, Any]


class BadInput(Exception):
    """The run cannot go on and writes nothing; str() says what was given, what is allowed and what to do."""


class Refused(Exception):
    """One price file stays as it is and the others go on; str() says why and what to do."""


class SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects within a host, and never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Raises BadInput for any other redirect."""
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.hostname != old.hostname or new.scheme not in ("https", old.scheme):
            raise BadInput(
                f"the server redirects to {newurl}; allowed: the same host; give that address if it is right"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def content(place: str, timeout: float) -> bytes:
    """A file, or what an address answers. Raises BadInput, OSError, ValueError, HTTPException."""
    scheme = urlsplit(place).scheme if "://" in place else "file path"
    if scheme not in ("http", "https", "file path"):
        raise BadInput(f"{scheme} is not allowed; allowed: http, https or the path of a file")
    if scheme == "file path":
        with Path(place).open("rb") as file:
            body = file.read(LIMIT + 1)
    else:
        request = urllib.request.Request(place, headers={"User-Agent": "edge-of-intelligence refresh_prices"})
        with urllib.request.build_opener(SameHost).open(request, timeout=timeout) as reply:
            body = reply.read(LIMIT + 1)
    if len(body) > LIMIT:
        raise BadInput(f"more than {LIMIT // 1_000_000} MB are given; allowed: at most that; check the address")
    return body


def read_feed(place: str, key: str, timeout: float) -> dict[str, Any]:
    """A feed, an object of objects some of which hold `key`. Raises BadInput, at the latest after `timeout` seconds."""
    answer: Future[bytes] = Future()

    def work() -> None:
        try:
            answer.set_result(content(place, timeout))
        except Exception as bad:  # raised again by answer.result
            answer.set_exception(bad)

    # The timeout of a socket starts anew with every byte; a thread can be left behind whatever it waits for.
    threading.Thread(target=work, daemon=True).start()
    try:
        body = answer.result(timeout)
    except BadInput as bad:
        raise BadInput(f"{place}: {bad}") from None
    except urllib.error.HTTPError as bad:
        raise BadInput(f"{place}: the server answered {bad.code}; check the address or try later") from None
    except TimeoutError:
        raise BadInput(f"{place}: not read within {timeout:g} s; try later or give a longer --timeout") from None
    except (OSError, ValueError, http.client.HTTPException) as bad:
        raise BadInput(f"{place}: cannot be read ({bad}); check the address or the path") from None
    try:
        feed = json.loads(body, parse_int=float)
    except (ValueError, RecursionError) as bad:
        raise BadInput(f"{place}: is not valid JSON ({bad}); check that it is the feed, and whole") from None
    if not isinstance(feed, dict) or not any(isinstance(entry, dict) and key in entry for entry in feed.values()):
        raise BadInput(f"{place}: is not the feed; allowed: a JSON object of objects with `{key}`; check the address")
    return feed


def price(entry: Row, name: str, where: str) -> float:
    """A price that a feed gives. Raises Refused for anything but a number of at least 0."""
    value = entry.get(name)
    if not isinstance(value, float) or not 0 <= value < math.inf:  # read_feed makes every number a float
        given = f"{json.dumps(value)[:60]} is not allowed" if name in entry else "is missing"
        allowed = "allowed: a number of at least 0; correct the feed, or change the row by hand"
        raise Refused(f"{where}{name}: {given}; {allowed}")
    return value


def models_dev_prices(feed: Row, key: str) -> Prices:
    """The prices of "provider/model". Raises Refused if there are none, or if one is no price."""
    provider, _, model = key.partition("/")
    cost: Any = feed
    for step in (provider, "models", model, "cost"):
        cost = cost.get(step) if isinstance(cost, dict) else None
    if not isinstance(cost, dict):
        raise Refused(
            f"models.dev {key}: cost is missing; allowed: provider/model of the feed; correct feed.models_dev"
        )
    costs: list[tuple[int, str, Row]] = [(0, "cost", cost)]
    if "tiers" in cost:  # they say more than context_over_200k, which is older
        tiers: list[Any] = cost["tiers"] if isinstance(cost["tiers"], list) else [cost["tiers"]]
        for entry in tiers:
            tier = entry.get("tier") if isinstance(entry, dict) else None
            size = tier.get("size") if isinstance(tier, dict) and tier.get("type") == "context" else None
            if not isinstance(size, float) or not 1 <= size < math.inf:
                allowed = "allowed: prices with tier: {type: context, size: tokens}; change the row by hand"
                raise Refused(f"models.dev {key}: cost.tiers: {json.dumps(entry)[:60]} is not allowed; {allowed}")
            costs.append((int(size), "cost.tiers", entry))
    elif "context_over_200k" in cost:
        over = cost["context_over_200k"]
        costs.append((200_000, "cost.context_over_200k", over if isinstance(over, dict) else {}))
    found = {
        (above, field): round(price(entry, name, f"models.dev {key}: {where}."), 9)
        for above, where, entry in costs
        for field, (name, _) in FIELDS.items()
        if name in entry or field in ("in", "out")
    }
    for (above, field), value in found.items():
        if field == "cache_read" and value > found[above, "in"]:
            allowed = f"allowed: at most its input, {shown(found[above, 'in'])}; change the row by hand"
            raise Refused(f"models.dev {key}: cache_read: {shown(value)} is not allowed; {allowed}")
    return found


def litellm_prices(entry: Row, key: str) -> Prices:
    """The prices of an entry of LiteLLM's map. Raises Refused if one is no price."""
    return {
        (int(match[1] or 0) * 1000, field): price(entry, name, f"LiteLLM {key}: ") * 1e6
        for field, (_, start) in FIELDS.items()
        for name in entry
        if (match := re.fullmatch(rf"{start}(?:_above_(\d+)k_tokens)?", name))
    }


def litellm_batch_discount(entry: Row, key: str) -> float | None:
    """The share by which batches are cheaper; None unless the map says the same one of input and output."""
    names = [name for _, name in FIELDS.values() if f"{name}_batches" in entry and entry.get(name)]
    where = f"LiteLLM {key}: "
    found = {round(1 - price(entry, f"{name}_batches", where) / price(entry, name, where), 4) for name in names}
    return found.pop() if len(found) == 1 and 0 <= min(found) <= 1 else None


def row_prices(row: Row) -> Prices:
    tiers = [(tier["above_prompt_tokens"], tier) for tier in row.get("tiers", ())]
    return {(above, field): float(of[field]) for above, of in [(0, row), *tiers] for field in FIELDS if field in of}


def current_row(rows: Sequence[Row], day: str) -> Row:
    """The row that still holds, the last one. Raises Refused if there is none, or if `day` is before it."""
    *closed, row = rows
    if "to" in row or any(old.get("to", "9999") > row["from"] for old in closed):
        raise Refused("there is no current row; allowed: the last, without `to`; add one by hand or take `feed` out")
    if day < row["from"]:
        raise Refused(f"--on {day} is before the current row; allowed: from {row['from']} on; take a newer feed")
    return row


def shown(value: float | None) -> str:
    """5.0 -> 5.00, 1e-05 -> 0.00001, None -> none"""
    if value is None:
        return "none"
    return f"{value:.2f}" if round(value, 2) == value else f"{Decimal(repr(value)):f}"


def changes(old: Prices, new: Prices) -> Iterator[tuple[str, float | None, float | None]]:
    """What differs: name, old price, new price."""
    for above, field in sorted({*old, *new}, key=lambda key: (key[0], [*FIELDS].index(key[1]))):
        one, two = old.get((above, field)), new.get((above, field))
        if one is None or two is None or not math.isclose(one, two, rel_tol=1e-9):
            yield f"{field} above {above} tokens" if above else field, one, two


def doubts(file: str, old: Prices, new: Prices, check: Prices) -> Iterator[str]:
    """Why a person should look before a change is written: jumps, lost prices, feeds that disagree."""
    for name, one, two in changes(old, new):
        step = f"doubtful: {file}: {name} {shown(one)} -> {shown(two)}"
        if two is None:
            yield f"{step}: the feed no longer gives it; allowed: every price of the current row"
        elif 0 in (one, two):
            yield f"{step}: to or from 0; allowed: neither"
        elif one is not None and max(one / two, two / one) > JUMP * (1 + 1e-9):
            yield f"{step}: allowed: a change of at most {JUMP} times"
    both = sorted(new.keys() & check.keys())
    for name, one, two in changes({key: new[key] for key in both}, {key: check[key] for key in both}):
        if one is not None and two is not None and abs(one - two) > APART * max(one, two):
            given = f"models.dev gives {shown(one)}, LiteLLM {shown(round(two, 9))} USD per 1M tokens"
            yield f"disagrees: {file}: {name}: {given}; allowed: at most {APART:.0%} apart"


def new_row(day: str, prices: Prices, discount: float | None, note: str) -> dict[str, str]:
    """The fields of a row as they are written."""
    row = {"from": day, **{field: shown(prices[0, field]) for field in FIELDS if (0, field) in prices}}
    if discount is not None:
        row["batch_discount"] = f"{discount:g}"
    tiers = []
    for size in sorted({above for above, _ in prices if above}):
        fields = [f"{field}: {shown(prices[size, field])}" for field in FIELDS if (size, field) in prices]
        tiers.append(f"{{above_prompt_tokens: {size}, {', '.join(fields)}}}")
    if tiers:
        row["tiers"] = f"[{', '.join(tiers)}]"
    row |= {"source": SOURCE, "date": day}
    return row if discount is None else row | {"note": json.dumps(note)}


def edited(text: str, day: str, added: Mapping[str, str] | None) -> str:
    """A price file with its last row closed and one added, or last seen on `day`; other lines keep every byte.

    Raises Refused if the round trip would touch other lines, too.
    """
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, sys.maxsize

    def dumped(document: Any) -> str:
        out = io.StringIO()
        yaml.dump(document, out)
        return out.getvalue()

    for sequence, offset in ((4, 2), (2, 0)):
        yaml.indent(mapping=2, sequence=sequence, offset=offset)
        try:
            document = yaml.load(text)
        except YAMLError:
            continue
        if dumped(document) == text:
            break
    else:
        raise Refused("an edit would touch other lines; allowed: the layout of the other price files; write it so")
    row = document["rows"][-1]
    if added is None:
        row["date"] = date.fromisoformat(day)
        return dumped(document)
    row.insert(list(row).index("from") + 1, "to", date.fromisoformat(day))
    fields = [f"{key}: {value}" for key, value in added.items()]
    document["rows"].append(yaml.load(f"{{{', '.join(fields)}}}" if row.fa.flow_style() else "\n".join(fields)))
    return dumped(document)


def proposal(file: str, text: str, values: Row, feed: Row, litellm: Row, given: argparse.Namespace) -> tuple[str, str]:
    """The new text of a price file, the same if there is nothing new, and what happens to it. Prints doubts.

    Raises Refused.
    """
    day = given.on.isoformat()
    row, key = current_row(values["rows"], day), values["feed"].get("litellm", "")
    old, new = row_prices(row), models_dev_prices(feed, values["feed"]["models_dev"])
    entry = litellm.get(key, {})
    if litellm and key and not (isinstance(entry, dict) and entry):
        raise Refused(f"LiteLLM {key}: is missing; allowed: a key of the map; correct feed.litellm or take it out")
    found = list(doubts(file, old, new, litellm_prices(entry, key)))
    print(*found, sep="\n", end="\n" if found else "")
    if found and file not in given.accept:
        raise Refused(f"the feed is in doubt, see above; if it is right, repeat with --accept {file}")
    kept, discount = row.get("batch_discount"), litellm_batch_discount(entry, key)
    note = "Batch discount by LiteLLM's price map."
    if discount is None or discount == kept:
        discount, note = kept, f"Batch discount kept from the row of {row['from']}; models.dev gives none."
    steps = [*changes(old, new), *([("batch_discount", kept, discount)] if discount != kept else [])]
    if not steps and day <= row["date"]:
        return text, f"same prices, last seen {row['date']}"
    if not steps:
        return edited(text, day, None), f"same prices, last seen {row['date']} -> {day}"
    if day == row["from"] or day < row["date"]:
        raise Refused(f"the prices changed, but the old ones were seen on {row['date']}; allowed: a later --on")
    told = [f"{a} {shown(b)} -> {shown(c)}" + (f" ({c / b - 1:+.1%})" if b and c else "") for a, b, c in steps]
    return edited(text, day, new_row(day, new, discount, note)), f"{', '.join(told)}; new row from {day}"


def write_all(texts: Mapping[Path, str]) -> None:
    """Every file whole; none if one cannot be made. Raises OSError."""
    parts = {path: path.with_name(f".{path.name}.part-{os.getpid()}") for path in texts}
    try:
        for path, part in parts.items():
            part.write_bytes(texts[path].encode())
            shutil.copymode(path, part)
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def valid(text: str, schema: str, file: str) -> Row:
    """The values of a price file's text. Raises BadData if it does not fit the schema."""
    entity, problems = checked(text, schema, f"data/prices/{file}.yml")
    if entity is None:
        raise BadData(list(problems))
    return entity.values


def refresh(given: argparse.Namespace) -> bool:
    """Whether a file was refused. Raises BadInput, BadData, OSError; then nothing is written."""
    (given.data / "sources" / f"{SOURCE}.yml").stat()  # new rows name it
    schema = (given.data / "schema" / "price.json").read_text(encoding="utf-8")
    paths = {path.stem: path for path in sorted((given.data / "prices").glob("*.yml"))}
    entities = {file: valid(read_text(path, str(path)), schema, file) for file, path in paths.items()}
    if unknown := sorted(set(given.accept) - paths.keys()):
        raise BadInput(f"--accept {unknown[0]}: no such price file; allowed: a name in data/prices/ without .yml")
    feed = read_feed(given.feed, "models", given.timeout)
    litellm = read_feed(given.litellm, "litellm_provider", given.timeout) if given.litellm else {}
    texts: dict[Path, str] = {}
    refused = False
    for file, values in entities.items():
        text, said = paths[file].read_bytes().decode(), "not tied to the feed"
        try:
            if "feed" in values:
                new, said = proposal(file, text, values, feed, litellm, given)
                texts |= {paths[file]: new} if new != text else {}
            print(f"{file}: {said}")
        except Refused as bad:
            refused = True
            print(f"refused: {file}: {bad}")
    for path, text in texts.items():
        valid(text, schema, path.stem)
    if given.write:
        write_all(texts)
    done = "written" if given.write else "would change, --write writes them"
    print(f"refresh_prices: {len(texts)} file(s) {done}", file=sys.stderr)
    return refused


def day_past(text: str) -> date:
    """Raises ArgumentTypeError for anything but a day up to today; ValueError is caught by argparse, too."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text) or date.fromisoformat(text) > date.today():
        raise argparse.ArgumentTypeError(f"{text} is not allowed; allowed: YYYY-MM-DD, today or earlier")
    return date.fromisoformat(text)


def seconds(text: str) -> float:
    """Raises ArgumentTypeError, or ValueError, which argparse catches, too."""
    if not 0 < float(text) <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not allowed; allowed: more than 0, at most 3600")
    return float(text)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.refresh_prices", description=str(__doc__).splitlines()[0])
    add = parser.add_argument
    add("--from", dest="feed", required=True, metavar="FILE|URL", help="api.json of models.dev")
    add("--litellm", metavar="FILE|URL", help="price map of LiteLLM, a second opinion")
    add("--on", type=day_past, default=date.today(), metavar="YYYY-MM-DD", help="day of the feed (today)")
    add("--data", type=Path, default=DATA, metavar="DIR", help="data folder (data/)")
    add("--accept", nargs="+", action="extend", default=[], metavar="ID", help="files whose doubtful prices are right")
    add("--write", action="store_true", help="change the files; without it nothing is written")
    add("--timeout", type=seconds, default=30.0, metavar="SECONDS", help="for the whole of each feed (30)")
    try:
        return int(refresh(parser.parse_args(argv)))
    except (BadInput, BadData, OSError) as bad:
        print(f"refresh_prices: {bad}; nothing was written", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
