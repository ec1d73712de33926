"""Somebody else's measurements: a CSV file, whose models and devices data/ may lack. CPython only."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .data_files import measured_source, read_all
from .dataset import Dataset
from .scenario import GROUP_OF_CLASS, BadInput
from .validation import ASSUMED_PROMPT, Checked, Row, context_tokens, cores_in, predict, profile_engine

HEADER = (
    "model params_b active_b quant model_bytes device bandwidth_gbs batch prompt_len gen_len depth prefill_tps "
    "decode_tps source_url date note"
).split()
NOT_STATED = {
    "",
    "-",
    "–",
    "—",
    "?",
    "n/a",
    "na",
    "none",
    "null",
    "nan",
    "unknown",
    "not stated",
    "short",
    "short chat",
}
# Words of a quantization -> id in data/, bits of a weight where data/ has no such format.
QUANTIZATIONS: tuple[tuple[str, str, float | None], ...] = (
    (r"mxfp4", "mxfp4", None),
    (r"nvfp4|\bfp4", "nvfp4", None),
    (r"fp8|w8a8.?f|e4m3", "fp8", None),
    (r"q8|\bi?q8_", "q8-0", None),
    (r"q6", "q6-k", None),
    (r"q5", "q5-k-m", None),
    (r"q4_k|q4-k|q4km", "q4-k-m", None),
    (r"q4|iq4", "q4-0", None),
    (r"q3", "q4-0", 3.7),
    (r"q2", "q4-0", 2.9),
    (r"q1", "q4-0", 1.9),
    (r"bf16|fp16|f16|\b16.?bit", "bf16", None),
    (r"fp32|f32|\b32.?bit", "bf16", 32.0),
    (r"int8|w8|\b8.?bit|8bit", "int8", None),
    (r"\b6.?bit|6bit", "mlx-6bit", None),
    (r"\b5.?bit|5bit", "int4", 5.5),
    (r"\b3.?bit|3bit", "int4", 3.5),
    (r"\b2.?bit|2bit", "int4", 2.5),
    (r"int4|w4|awq|gptq|4.?bit|4bit|g128", "int4", None),
)
ENGINES = (
    ("ollama", r"ollama"),
    ("mlx", r"\bmlx"),
    ("core-ai", r"core.?ai|core.?ml"),
    ("litert-lm", r"lite.?rt|mediapipe"),
    ("executorch", r"executorch"),
    ("tensorrt-edge-llm", r"tensorrt.?edge"),
    ("tensorrt-llm", r"tensorrt|trt-llm"),
    ("vllm", r"\bvllm"),
    ("sglang", r"sglang"),
    ("mlc", r"\bmlc\b"),
    ("llama-cpp", r"llama\.?cpp|llama-bench|batched-bench|\bgguf\b|lm studio|koboldcpp"),
)
# Kinds of device by name: speed group, class, pattern. The first that matches.
KINDS_BY_NAME = (
    ("browser", "browser", r"web-?gpu|web-?llm|browser|\bchrome\b|firefox|safari"),
    ("gb10", "unified", r"gb10|dgx spark"),
    ("jetson", "jetson", r"jetson|\borin\b|\bthor\b|xavier"),
    ("strix-halo", "unified", r"strix halo|ryzen ai max|8060s|8050s"),
    ("phone-gpu", "phone", r"iphone|\ba1[5-9]\b"),
    ("apple", "apple", r"\bm[1-9]\b|apple|macbook|\bmac\b|imac|ipad"),
    ("phone-cpu", "phone", r"pixel|galaxy|oneplus|xiaomi|redmi|poco|oppo|vivo|snapdragon 8|dimensity|android|phone"),
    (
        "datacenter",
        "datacenter",
        r"\bg?[hb][123]00\b|gh200|\ba100\b|\ba30\b|\b[vp]100\b|\bmi[1-3]\d\dx?\b|\bh[28]0{1,2}\b",
    ),
    ("cpu", "cpu", r"\(cpu\)|epyc|xeon|threadripper|core (i\d|ultra)|raspberry|rockchip|rk35|\bn1[05]0\b|snapdragon x"),
    ("cpu", "cpu", r"graviton|ampere altra|\bcpu\b"),
    ("geforce", "rtx", r"rtx|gtx|geforce|quadro|titan|\bl40?s?\b|\ba\d0{3}\b|\ba1[06]g?\b|\bt4\b|tesla|nvidia"),
    ("geforce", "rtx", r"radeon|\brx ?\d|\barc\b|w7\d00"),
    ("cpu", "cpu", r"ryzen|intel|amd"),
)
# Words that make another product of the same number.
MODIFIERS = set("pro max ultra ti super ada mini plus se nano agx elite extreme laptop mobile max-q air d".split())
# Words of a device's id that a source may leave out.
OPTIONAL = set("apple jetson macbook mac studio dual sxm pcie pro-max spark galaxy".split())


class BadRow(Exception):
    """One sentence about one row: a field, what was given, what is allowed."""


class BadHeader(Exception):
    """One sentence about a file that is no table of measurements."""


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, without what stands in brackets."""
    plain = re.sub(r"\([^)]*\)", " ", text.casefold())
    plain = re.sub(r"macbook (pro|air)|mac (mini|studio|pro)|\bi(mac|pad)( pro| air)?\b", " ", plain)
    return re.findall(r"[a-z]+\d[a-z0-9]*|\d+(?:\.\d+)?[a-z]*|[a-z]+", plain.replace("+", " "))


def squeezed(name: str) -> str:
    """A model's name without what versions of the same weights differ in."""
    plain = re.sub(r"\([^)]*\)", "", name.casefold()).rsplit("/", 1)[-1]
    plain = re.sub(r"(?<![a-z])(instruct|it|chat|base|hf|gguf|meta|preview|thinking|text)(?![a-z])", "", plain)
    return re.sub(r"[^a-z0-9.]", "", plain)


def cell_number(name: str, text: str, *, positive: bool = True) -> float | None:
    """A cell as a number; None where the source does not state it. Raises BadRow."""
    if text.strip().casefold() in NOT_STATED:
        return None
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        raise BadRow(f"{name}: {text!r} is not a number; leave it empty if the source does not say") from None
    if not math.isfinite(value) or value < 0 or (positive and value == 0) or value > 1e15:
        raise BadRow(f"{name}: {text} is out of range; allowed: {'above 0' if positive else 'from 0'}")
    return value


@dataclass
class Reader:
    """Turns rows of a file into `Row`s; `dataset` grows by the models and devices that it lacks."""

    dataset: Dataset
    names: dict[str, str] = field(default_factory=dict)  # squeezed name -> model id
    sources: list[tuple[str, list[Mapping[str, Any]]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = read_all()
        self.dataset = dataclasses.replace(
            self.dataset, models=dict(self.dataset.models), devices=dict(self.dataset.devices)
        )
        for model_id, entry in self.dataset.models.items():
            if entry.get("total_params") and entry.get("layer_groups"):
                self.names |= {squeezed(model_id): model_id, squeezed(str(entry["name"])): model_id}
        for key, entity in found["measurements"].items():
            url = str(found["sources"][measured_source(key)].values.get("url", ""))
            self.sources.append((repository(url), list(entity.values["rows"])))

    # Models

    def known_model(self, name: str, total: float | None) -> str | None:
        """The id of a model in data/, if this is one of them."""
        plain = squeezed(name)
        if plain in self.names:
            return self.names[plain]
        near = [
            (len(one), model_id)
            for one, model_id in self.names.items()
            if len(one) > 4
            and (plain.startswith(one) or one.startswith(plain))
            and total
            and abs(math.log(self.dataset.models[model_id]["total_params"] / total)) < 0.03
        ]
        return max(near)[1] if near else None

    def new_model(self, name: str, total: float | None, active: float | None) -> str:
        """A model from a row's columns; its layers and cache are those of the most similar model in data/."""
        if total is None:
            raise BadRow(f"params_b: is missing, and data/ has no model named {name!r}; give 10^9 parameters")
        active = min(active or total, total)
        share, plain = active / total, squeezed(name)

        def distance(model_id: str) -> float:
            entry = self.dataset.models[model_id]
            own = entry.get("active_params", entry["total_params"]) / entry["total_params"]
            family = re.match(r"[a-z]*", plain)
            same = bool(family and family[0] and squeezed(model_id).startswith(family[0]))
            apart = abs(math.log(entry["total_params"] / total)) + abs(math.log(own / share))
            return apart - 0.3 * same

        def possible(entry: Mapping[str, Any]) -> bool:
            experts = entry.get("n_experts")
            if share > 0.95:
                return not experts and entry.get("active_params", entry["total_params"]) == entry["total_params"]
            return bool(experts) and entry["experts_per_token"] / experts < share

        candidates = [i for i in sorted(set(self.names.values())) if possible(self.dataset.models[i])]
        if not candidates:
            raise BadRow(f"active_b: no model in data/ is like {share:.0%} active parameters")
        like = self.dataset.models[min(candidates, key=distance)]
        entry = {**like, "name": name, "total_params": total, "active_params": active}
        entry.pop("weights_files", None)
        entry["embedding_params"] = (like.get("embedding_params") or 0.0) * min(1.0, total / like["total_params"])
        model_id = f"file-{plain or 'model'}-{total / 1e9:g}-{active / 1e9:g}"
        self.dataset.models[model_id] = entry  # type: ignore[index]
        return model_id

    # Devices

    def known_device(self, name: str, bandwidth: float | None) -> str | None:
        """The id of a device in data/, if this is one of them."""
        if re.search(r"gb10", name, re.IGNORECASE):
            return "dgx-spark"
        if re.search(r"strix halo|8060s", name, re.IGNORECASE):
            return "ryzen-ai-max-395-128gb"
        given = words_of(name)
        found = []
        for device_id, entry in self.dataset.devices.items():
            parts = [w for w in re.split(r"[-.]", re.sub(r"macbook-pro|mac-studio", "", device_id)) if w]
            sizes = [w for w in parts if re.fullmatch(r"\d+(gb|gpu)", w)]
            own = {w for w in parts if w not in sizes}
            extra = (set(given) & MODIFIERS) - own
            if extra or not own - OPTIONAL or not own - OPTIONAL <= set(given):
                continue
            gap = abs(math.log(entry["bandwidth_gbs"] / bandwidth)) if bandwidth else 0.0
            stated = len(own & set(given)) + 0.5 * len(set(sizes) & set(re.findall(r"\w+", name.casefold())))
            found.append((len(own - OPTIONAL), -round(gap, 1), stated, device_id))
        return max(found)[3] if found else None

    def new_device(self, name: str, bandwidth: float | None) -> str:
        """A device from a row's columns: its kind by its name, its compute rate unknown."""
        kind = kind_by_name(name)
        if kind is None:
            raise BadRow(f"device: the kind of {name!r} cannot be told; name the chip, as in Apple M2 Pro")
        if bandwidth is None:
            raise BadRow(f"bandwidth_gbs: is missing, and data/ has no device named {name!r}; give 10^9 bytes/s")
        device_id = f"file-{'-'.join(words_of(name)) or 'device'}-{bandwidth:g}"
        entry = {"name": name, "device_class": kind[1], "speed_group": kind[0], "memory_gib": 1.0}
        self.dataset.devices[device_id] = {**entry, "bandwidth_gbs": bandwidth}  # type: ignore[index]
        return device_id

    def with_bandwidth(self, device_id: str, bandwidth: float | None) -> str:
        """The device with the peak bandwidth that the row gives, if it is another one of the same chip."""
        own = self.dataset.devices[device_id]
        if bandwidth is None or abs(bandwidth / own["bandwidth_gbs"] - 1) < 0.02:
            return device_id
        if not 0.6 < bandwidth / own["bandwidth_gbs"] < 1.6:  # of several cards, or a slip
            return device_id
        other = f"{device_id}-{bandwidth:g}gbs"
        self.dataset.devices[other] = {**own, "bandwidth_gbs": bandwidth}  # type: ignore[index]
        return other

    # Rows

    def engine(self, cells: Mapping[str, str], group: str) -> tuple[str, list[Mapping[str, Any]]]:
        """The engine that a row names, or that the other rows of its source ran; and those rows."""
        same = [rows for url, rows in self.sources if url and url == repository(cells["source_url"])]
        rows = [row for own in same for row in own]
        for text in (cells["note"], cells["quant"], cells["device"]):
            hits = [(found.start(), e) for e, p in ENGINES if (found := re.search(p, text, re.IGNORECASE))]
            if hits:
                return min(hits)[1], rows
        ran = Counter(str(row["engine"]) for row in rows if row["engine"] != "unknown")
        hits = [(0, e) for e, p in ENGINES if re.search(p, cells["source_url"], re.IGNORECASE)]
        if ran or hits:
            return (ran.most_common(1)[0][0] if ran else hits[0][1]), rows
        if re.search(r"\bi?q\d|gguf", cells["quant"], re.IGNORECASE):
            return "llama-cpp", rows
        return ("mlx" if group == "apple" and "bit" in cells["quant"].casefold() else "unknown"), rows

    def row(self, cells: Mapping[str, str]) -> Row:
        """One row of the file. Raises BadRow."""
        names = "params_b active_b model_bytes bandwidth_gbs batch prompt_len gen_len prefill_tps decode_tps".split()
        value = {name: cell_number(name, cells[name]) for name in names}
        depth = cell_number("depth", cells["depth"], positive=False)
        for name in ("model", "device", "quant"):
            if not cells[name].strip():
                raise BadRow(f"{name}: is missing; give a name")
        if value["prefill_tps"] is None and value["decode_tps"] is None:
            raise BadRow("decode_tps: is missing, and so is prefill_tps; give at least one, in tokens/s")
        total, active = ((value[n] or 0) * 1e9 or None for n in ("params_b", "active_b"))
        if total and active and active > total:
            raise BadRow(f"active_b: {cells['active_b']} is more than params_b, {cells['params_b']}")
        batch = 1.0 if value["batch"] is None else value["batch"]
        if batch != round(batch):
            raise BadRow(f"batch: {cells['batch']} is not a whole number")
        count, device_name = counted(cells["device"])
        model = self.known_model(cells["model"], total)
        device = self.known_device(cells["device"], value["bandwidth_gbs"])
        if device is None:
            device = self.known_device(device_name, value["bandwidth_gbs"])
        elif count > 1:  # an entry may be two sockets, as 2x EPYC
            count = 1 if self.dataset.devices[device]["name"].startswith(f"{count}x") else count
        guessed = tuple(n for n, known in (("model", model), ("device", device)) if known is None)
        device = device or self.new_device(device_name, value["bandwidth_gbs"])
        device = self.with_bandwidth(device, value["bandwidth_gbs"])
        group = self.group(device, cells)
        engine, rows = self.engine(cells, group)
        quantization, bits = quantization_of(cells["quant"], engine, value["model_bytes"])
        year = re.search(r"20\d\d", cells["date"])
        scenario: dict[str, Any] = {"quantization": quantization, "n_devices": count}
        if value["model_bytes"] and not re.search(r"memory|in use|incl", cells["note"], re.IGNORECASE):
            scenario["weights_bytes"] = value["model_bytes"]
        elif bits:
            scenario["bits_per_weight"] = bits
        follows = follows_prompt(cells["note"], engine, rows)
        return Row(
            source=cells["source_url"],
            model=model or self.new_model(cells["model"], total, active),
            device=device,
            label=cells["quant"],
            engine=profile_engine(self.dataset, group, engine, int(year[0]) if year else None),
            group=group,
            scenario=scenario,
            batch=batch,
            context=context_tokens(depth, value["prompt_len"], value["gen_len"], follows),
            prompt=value["prompt_len"] or float(ASSUMED_PROMPT),
            depth=depth or 0.0,
            decode=value["decode_tps"],
            prefill=value["prefill_tps"],
            counts="per gpu" not in cells["device"].casefold(),  # how many there are is not said
            guessed=guessed,
            gpu_cores=cores_in(cells["device"]),
        )

    def group(self, device: str, cells: Mapping[str, str]) -> str:
        """The speed group: the device's, but for what ran on its CPU or in a browser."""
        entry = self.dataset.devices[device]
        text = f"{cells['device']} {cells['note']} {cells['quant']}".casefold()
        if re.search(KINDS_BY_NAME[0][2], text):
            return "browser"
        group = str(entry.get("speed_group") or GROUP_OF_CLASS[entry["device_class"]])
        if group.startswith("phone"):
            on_cpu = re.search(r"\bcpu\b|executorch|xnnpack|kleidi", text)
            return "phone-cpu" if on_cpu else group
        return "cpu" if "(cpu)" in text else group


def repository(url: str) -> str:
    """What makes a source the same source: host, owner and name; the text itself where it is no address."""
    found = re.match(r"https?://([^\s/]+(?:/[^\s/]+){0,2})", url.strip())
    return (found[1] if found else url.strip()).casefold()


def counted(device: str) -> tuple[int, str]:
    """How many, and of what: `2x RTX 4090` or `RTX 4090 x2`."""
    found = re.match(r"\s*(\d{1,3})\s*[x×]\s*(.+)", device, re.IGNORECASE)
    if found:
        return int(found[1]), found[2]
    found = re.match(r"(.+?)\s+[x×]\s*(\d{1,3})\b", device, re.IGNORECASE)
    return (int(found[2]), found[1]) if found else (1, device)


def kind_by_name(name: str) -> tuple[str, str] | None:
    """Speed group and class of a device that data/ lacks."""
    text = name.casefold()
    return next(((group, kind) for group, kind, pattern in KINDS_BY_NAME if re.search(pattern, text)), None)


def quantization_of(text: str, engine: str, weights_bytes: float | None) -> tuple[str, float | None]:
    """Quantization id and bits of a weight where the id's do not hold. Raises BadRow."""
    for pattern, quantization, bits in QUANTIZATIONS:
        if re.search(pattern, text.casefold()):
            own = {"int4": "mlx-4bit", "int8": "mlx-8bit"}.get(quantization)
            return (own if own and engine == "mlx" and bits is None else quantization), bits
    if weights_bytes:
        return "bf16", None  # the size of the file says it all
    raise BadRow(f"quant: {text!r} is not known, and model_bytes is missing; give Q4_K_M, MXFP4, FP8, 4-bit, BF16, …")


def follows_prompt(note: str, engine: str, same_source: Sequence[Mapping[str, Any]]) -> bool:
    """Whether text was generated after the prompt, so that decoding saw it in the cache."""
    if re.search(r"batched.?bench", note, re.IGNORECASE):
        return True
    own = [bool(row.get("follows_prompt")) for row in same_source if "batched" not in str(row.get("note", ""))]
    if own:
        return sum(own) * 2 > len(own)
    return engine not in ("llama-cpp", "ollama", "unknown")


def csv_rows(dataset: Dataset, path: Path) -> tuple[list[Checked], list[str]]:
    """Rows of a file with their predictions, and a sentence for each row that cannot be read. Raises BadHeader."""
    try:
        parsed = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        lines = [(parsed.line_num, cells) for cells in parsed]
    except OSError as bad:
        raise BadHeader(f"{path}: cannot be read: {bad.strerror}; give a CSV file") from None
    except (UnicodeDecodeError, csv.Error):
        raise BadHeader(f"{path}: is not a CSV file in UTF-8") from None
    head = [cell.strip() for cell in lines[0][1]] if lines else []
    if sorted(head) != sorted(HEADER):
        raise BadHeader(f"{path}:1: the header is not {','.join(HEADER)}")
    reader, checked, bad_rows = Reader(dataset), [], []
    for number, cells in lines[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            if len(cells) != len(HEADER):
                raise BadRow(f"has {len(cells)} cells; allowed: {len(HEADER)}, as the header")
            row = reader.row({name: cell.strip() for name, cell in zip(head, cells, strict=True)})
            checked.append(predict(reader.dataset, row))
        except BadRow as bad:
            bad_rows.append(f"{path}:{number}: {bad}")
        except BadInput as bad:
            bad_rows.append(f"{path}:{number}: {bad.field}: cannot be predicted with what is given")
    if not checked and not bad_rows:
        raise BadHeader(f"{path}:1: holds no row below its header")
    return checked, bad_rows
