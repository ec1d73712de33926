"""A one-page memo of an answer: what to do, three reasons, assumptions with their sources, what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .dataset import Dataset, offer_of
from .text import day
from .words import Words

Block = dict[str, Any]
MOST_REASONS, MOST_CHANGES = 3, 4
# The figures that a memo tells of each calculator.
FIGURES = {
    "fit": "fit_verdict need_bytes capacity_bytes decode_tokens_per_second ttft_ms",
    "speed": "tokens_per_second_user ttft_ms tpot_ms requests_per_second_max",
    "cost": "api_month_usd owned_month_usd rented_month_usd capex_usd breakeven_tokens_per_month payback_month npv_usd",
    "tier": """costs owned_month_usd capex_usd breakeven_tokens_per_month payback_month stability near_tie
        needs_confirmation""",
    "portfolio": "assignment portfolio_month_usd greedy_month_usd n_servers",
}
# Assumptions that a decision hangs on, told even where the reader left the default.
WEIGHTY = "api_model model device api_price_in api_price_out server_price_usd life_years fte salary_usd peak_to_average"


def memo_of(dataset: Dataset, command: str, reply: Mapping[str, Any], words: Words, today: str) -> dict[str, Any]:
    """{title, blocks, markdown}. `reply`: the answer so far; `today`: ISO date of the memo, "" for none."""
    title = words.say(f"memo-title-{command}")
    blocks: list[Block] = [{"kind": "h1", "text": title}]
    if "headline" in reply:
        blocks.append({"kind": "p", "text": reply["headline"]})
    if reply.get("reasons"):
        blocks += [{"kind": "h2", "text": words.say("memo-reasons")}, items(reply["reasons"][:MOST_REASONS])]
    figures = [name for name in FIGURES[command].split() if name in reply["results"]]
    rows = [[words.say(f"result.{name}"), with_range(reply["results"][name], words)] for name in figures]
    blocks += [
        {"kind": "h2", "text": words.say("memo-figures")},
        {"kind": "table", "head": [words.say("memo-figure"), words.say("memo-value")], "rows": rows},
    ]
    if reply.get("changes"):
        blocks += [{"kind": "h2", "text": words.say("memo-changes")}, items(reply["changes"][:MOST_CHANGES])]
    head = [words.say(f"memo-{column}") for column in ("assumption", "value", "source")]
    blocks += [
        {"kind": "h2", "text": words.say("memo-assumptions")},
        {"kind": "table", "head": head, "rows": assumptions(dataset, reply["inputs"], words)},
        items([warning["text"] for warning in reply["warnings"]]),
        {
            "kind": "p",
            "text": words.say("memo-versions", dict(reply["versions"]), day=day(today, words.lang) if today else "-"),
        },
    ]
    blocks = [block for block in blocks if block.get("items", True) and block.get("rows", True)]
    return {"title": title, "blocks": blocks, "markdown": markdown(blocks)}


def items(texts: Sequence[str]) -> Block:
    return {"kind": "ul", "items": list(texts)}


def with_range(result: Mapping[str, Any], words: Words) -> str:
    spread = words.say("brackets", text=result["range_text"]) if result.get("range_text") else ""
    return f"{result['text']}{spread}"


def assumptions(dataset: Dataset, inputs: Mapping[str, Any], words: Words) -> list[list[str]]:
    """(name, value, source) of what was given and of what the answer hangs on."""
    rows = []
    for name, used in inputs.items():
        if used["value"] is None or not (used["given"] or name in WEIGHTY.split()):
            continue
        rows.append([dataset.parameters[name]["label"][words.lang], used["text"], source(dataset, name, inputs, words)])
    return rows


def source(dataset: Dataset, name: str, inputs: Mapping[str, Any], words: Words) -> str:
    """Where a value comes from: the reader, an entity's data file, or the registry with its date."""
    used = inputs[name]
    entity = f"parameters/{name}"
    if name.startswith("api_price"):
        offer = offer_of(dataset, inputs["api_model"]["value"])
        entity = f"prices/{offer['model']}.{offer['provider']}"
    elif name in ("model", "device", "api_model", "edge_model", "edge_device"):
        return words.say("memo-source-entity", id=str(used["value"]))
    if used["given"]:
        return words.say("memo-source-given")
    if name == "server_price_usd":  # of a server with this device, else of the device itself
        device, price = inputs["device"]["value"], used["value"]
        held = (i for i, s in dataset.servers.items() if s["device"] == device and s.get("price_usd") == price)
        entity = next((f"servers/{i}" for i in held), f"devices/{device}")
    found = dataset.origins.get(entity)
    if found is None:
        return words.say("memo-source-derived")
    told = words.say("memo-source-assumption") if found["source"] == "assumption" else found["title"]
    dated = f"{told}, {day(found['date'], words.lang)}" if found.get("date") else told
    return dated if found.get("verified", True) else dated + words.say("brackets", text=words.say("memo-unverified"))


def markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown."""
    lines: list[str] = []
    for block in blocks:
        if block["kind"] in ("h1", "h2"):
            lines.append(f"{'#' * int(block['kind'][1])} {block['text']}")
        elif block["kind"] == "p":
            lines.append(block["text"])
        elif block["kind"] == "ul":
            lines.append("\n".join(f"- {text}" for text in block["items"]))
        else:
            rows = [block["head"], ["---"] * len(block["head"]), *block["rows"]]
            lines.append("\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows))
    return "\n\n".join(lines) + "\n"
