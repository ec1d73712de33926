"""Bring your own bill: four vendors' exports, broken, unknown and huge ones, read in the page and handed on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Playwright, expect

from scripts.browser import launch
from tests.browser.conftest import Watched

Open = Callable[..., Watched]
PAGE = "calculators/cost/"
MONTH_DAYS = 730.5 / 24
START = datetime(2026, 3, 2, tzinfo=UTC)
# The pages' labels of parameters are others' affair; a figure is found by its id.
HANDED = """() => new Promise((resolve) => {
  document.addEventListener('usage', ({ detail }) => resolve(detail.parameters), { once: true });
  document.querySelector('usage-import button[name=use_figures]').click();
})"""


def element(page: Page) -> Locator:
    """The element, ready, in whatever it is folded into."""
    usage = page.locator("usage-import")
    expect(usage).to_have_attribute("data-state", "ready")
    usage.evaluate(
        "(e) => { for (let d = e.closest('details'); d; d = d.parentElement.closest('details')) d.open = true; }"
    )
    return usage


def give(usage: Locator, name: str, content: str | bytes | Path) -> None:
    """Chooses a file, as a reader does."""
    data = content.encode() if isinstance(content, str) else content
    file: Any = data if isinstance(data, Path) else FilePayload(name=name, mimeType="text/plain", buffer=data)
    usage.locator("input[name=usage_file]").set_input_files(file)


def shown(usage: Locator) -> dict[str, float]:
    """The raw numbers of the result."""
    expect(usage.locator("[data-result]")).to_be_visible()
    found = usage.locator("output[data-value]").evaluate_all(
        "(all) => all.map((o) => [o.name, Number(o.dataset.value)])"
    )
    return {name.removeprefix("usage_"): value for name, value in found}


def handed(page: Page) -> dict[str, float]:
    """What the button hands over."""
    parameters: dict[str, float] = page.evaluate(HANDED)
    return parameters


def openai_hours() -> str:
    """A page of OpenAI's usage API: three days by the hour, 10 requests each, 40 at 09:00 UTC."""
    buckets = []
    for hour in range(72):
        at = START + timedelta(hours=hour)
        requests = 40 if at.hour == 9 else 10
        row = {
            "object": "organization.usage.completions.result",
            "input_tokens": 2000 * requests,
            "output_tokens": 300 * requests,
            "input_cached_tokens": 500 * requests,
            "num_model_requests": requests,
            "model": "gpt-5.2" if hour % 2 else "gpt-5-mini",
            "batch": None,
        }
        begin = int(at.timestamp())
        buckets.append({"object": "bucket", "start_time": begin, "end_time": begin + 3600, "results": [row]})
    buckets.append({"object": "bucket", "start_time": begin + 3600, "end_time": begin + 7200, "results": []})
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None}, indent=1)


def anthropic_days() -> str:
    """Two pages of Anthropic's usage report as lines: four days, input in three parts, no number of requests."""
    pages = []
    for first in (0, 2):
        data = []
        for day in (first, first + 1):
            at = START + timedelta(days=day)
            row = {
                "uncached_input_tokens": 1_000_000,
                "cache_creation": {"ephemeral_5m_input_tokens": 300_000, "ephemeral_1h_input_tokens": 200_000},
                "cache_read_input_tokens": 2_500_000,
                "output_tokens": 400_000,
                "model": "claude-sonnet-4-6",
            }
            data.append(
                {"starting_at": at.isoformat(), "ending_at": (at + timedelta(days=1)).isoformat(), "results": [row]}
            )
        pages.append(json.dumps({"data": data, "has_more": first == 0}))
    return "\n".join(pages) + "\n"


def openrouter_rows() -> str:
    """OpenRouter's export over two days, one request an hour, four in the last; with CRLF and a byte order mark."""
    names = "generation_id created_at cost_total tokens_prompt tokens_completion tokens_reasoning tokens_cached"
    lines = [",".join([*names.split(), "model_permaslug", "app_name"])]
    for i in range(52):
        at = START + timedelta(hours=min(i, 48))
        when = at.strftime("%Y-%m-%d %H:%M:%S.271")
        lines.append(f'gen-{i},{when},0.01,"1,200",500,200,300,z-ai/glm-5,"two\r\nlines, ""quoted"""')
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def litellm_rows() -> str:
    """LiteLLM's spend logs as an array: one failed request, usage inside of the metadata."""
    rows = []
    for i in range(10):
        cached = {"prompt_tokens_details": {"cached_tokens": 400}}
        usage = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 100, **cached}
        rows.append(
            {
                "request_id": f"chatcmpl-{i}",
                "call_type": "acompletion",
                "spend": 0.002,
                "prompt_tokens": 1000,
                "completion_tokens": 250,
                "startTime": (START + timedelta(hours=i)).isoformat().replace("+00:00", "Z"),
                "model": "claude-haiku-4-5",
                "metadata": {"additional_usage_values": usage},
                "messages": [{"role": "user", "content": 'not a row: }]{ "'}],
            }
        )
    rows.append({**rows[0], "request_id": "failed", "prompt_tokens": 0, "completion_tokens": 0, "metadata": {}})
    return json.dumps(rows)


def test_openai(open_page: Open) -> None:
    watched = open_page(f"en/{PAGE}")
    usage = element(watched.page)
    give(usage, "completions_usage.json", openai_hours())
    found = shown(usage)
    requests = 69 * 10 + 3 * 40
    assert found["requests"] == requests and found["input"] == 2000 * requests and found["cache_read"] == 500 * requests
    assert found["rows"] == 72 and found["faults"] == 0
    expect(usage.locator("output[name=usage_format]")).to_contain_text("OpenAI: Usage API")
    expect(usage.locator(".usage-models tbody tr")).to_have_count(2)
    expect(usage.locator(".usage-gaps")).to_contain_text("does not tell reasoning from the answer")
    assert handed(watched.page) == {
        "requests_per_month": round(requests / 3 * MONTH_DAYS),
        "isl": 2000,
        "osl": 300,
        "cache_hit_share": 0.25,
        "peak_to_average": round(40 / (requests / 72), 2),
    }
    assert watched.errors == [] and watched.foreign == []


def test_anthropic_counts_no_requests(open_page: Open) -> None:
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, "usage.jsonl", anthropic_days())
    found = shown(usage)
    # Input, cache reads and cache writes stand side by side in this report.
    assert found["input"] == 4 * 4_000_000 and found["output"] == 4 * 400_000
    expect(usage.locator("output[name=usage_requests]")).to_have_text("not counted in the file")
    shares = {"cache_hit_share": 0.625, "cache_write_share": 0.125}
    assert handed(page) == {"tokens_per_month": round(4_400_000 * MONTH_DAYS), **shares}
    expect(usage.locator(".usage-gaps")).to_contain_text("periods longer than an hour")
    usage.locator("input[name=usage_requests]").fill("-3")
    expect(usage.get_by_text("Enter a number above 0.")).to_be_visible()
    usage.locator("input[name=usage_requests]").fill("1,600")
    sizes = {"isl": 10_000, "osl": 1000}
    assert handed(page) == {"requests_per_month": round(400 * MONTH_DAYS), **sizes, **shares}


def test_openrouter(open_page: Open) -> None:
    page = open_page(f"ja/{PAGE}").page
    usage = element(page)
    give(usage, "openrouter.csv", openrouter_rows())
    found = shown(usage)
    assert found["rows"] == 52 and found["faults"] == 0 and found["cost"] == pytest.approx(0.52)
    assert found["input"] == 52 * 1200 and found["output"] == 52 * 500
    # Reasoning is part of the completion: the answer is the rest.
    assert (found["isl"], found["osl"], found["reasoning_tokens"]) == (1200, 300, 200)
    assert found["cache_hit_share"] == 0.25 and found["requests_per_month"] == round(52 / 2 * MONTH_DAYS)
    assert found["peak_to_average"] == round(4 / (52 / 49), 2)
    expect(usage).to_contain_text("アップロードはしません")
    expect(usage.locator("[data-status]")).to_contain_text("52行")


def test_litellm(open_page: Open) -> None:
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, "spend.json", litellm_rows())
    found = shown(usage)
    assert (found["rows"], found["unused"], found["requests"]) == (11, 1, 10)
    assert (found["isl"], found["osl"]) == (1000, 250)
    assert (found["cache_hit_share"], found["cache_write_share"]) == (0.4, 0.1)
    # Nine hours: a month can be told from them only by the reader, and no peak.
    expect(usage.locator(".usage-gaps")).to_contain_text("less than a day")
    usage.locator("input[name=usage_days]").fill("２")
    usage.locator("input[name=use][value=isl]").uncheck()
    assert handed(page) == {
        "requests_per_month": round(10 / 2 * MONTH_DAYS),
        "osl": 250,
        "cache_hit_share": 0.4,
        "cache_write_share": 0.1,
    }
    expect(usage.locator(".usage-result .usage-status")).to_contain_text("Taken over:")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bad_rows_are_counted_and_shown(open_page: Open, encoding: str) -> None:
    """Semicolons, thousands with points, and every kind of bad row; `utf-16` writes a byte order mark."""
    lines = [
        "generation_id;created_at;tokens_prompt;tokens_completion;tokens_cached;model_permaslug",
        "a;2026-03-02T00:00:00Z;1.000;100;0;model/日本語",
        "b;2026-03-02T01:00:00Z;many;100;0;m",
        "c;yesterday;1000;100;0;m",
        "d;2026-03-02T02:00:00Z;1000;-1;0;m",
        "e;2026-03-02T03:00:00Z;1000;100;2000;m",
        "f;2026-03-02T03:00:00Z;1000",
        "",
        "g;2026-02-30;1000;100;0;m",
        'h;1772600400;1 000;100;500;"a;b"',
    ]
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, "bad.csv", "\n".join(lines).encode(encoding))
    found = shown(usage)
    assert (found["rows"], found["faults"], found["requests"], found["input"]) == (8, 6, 2, 2000)
    told = usage.locator(".usage-faults li").all_text_contents()
    assert told == [
        "Line 3: “many” is not a number",
        "Line 4: “yesterday” is no time that can be read (ISO 8601, or seconds since 1970)",
        "Line 5: “-1” is less than zero",
        "Line 6: has 2000 cached tokens, more than its input",
        "Line 7: has more or fewer cells than there are column names",
        "… and 1 more",
    ]
    expect(usage.locator(".usage-models")).to_contain_text("model/日本語")
    assert found["cache_hit_share"] == 0.25


def test_broken_json_lines_are_counted(open_page: Open) -> None:
    good = {"request_id": "a", "startTime": 1772409600.5, "prompt_tokens": 10, "completion_tokens": 5, "model": "m"}
    lines = [json.dumps(good), json.dumps(good)[:-4], "[1, 2]", "", json.dumps({**good, "startTime": 1772496000000})]
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, "log.jsonl", "\n".join(lines))
    found = shown(usage)
    assert (found["rows"], found["faults"], found["requests"]) == (4, 2, 2)
    assert usage.locator(".usage-faults li").all_text_contents() == [
        "Line 2: is not valid JSON",
        "Line 3: is not valid JSON",
    ]


def test_an_unknown_file_is_mapped_by_hand(open_page: Open) -> None:
    """By keyboard; the reader says what the columns mean, and may say it again."""
    lines = ["when|who|calls|in|hit|out"] + [f"2026/03/0{day} 0:00|team|20|30000|6000|2000" for day in (1, 2, 3)]
    page = open_page(f"en/{PAGE}", viewport={"width": 390, "height": 844}).page
    usage = element(page)
    give(usage, "own.psv", "\n".join(lines))
    area = usage.locator("[data-map]")
    expect(area).to_be_focused()
    expect(area.locator("select[name=role_input] option", has_text="in: 30000")).to_have_count(1)
    area.locator("button[name=read]").focus()
    page.keyboard.press("Enter")
    expect(area.locator("[role=alert]")).to_have_text("Choose a column for: Input tokens, Output tokens.")
    for role, column in {
        "requests": "calls",
        "input": "in",
        "output": "out",
        "cache_read": "hit",
        "time": "when",
    }.items():
        area.locator(f"select[name=role_{role}]").select_option(column)
    area.locator("button[name=read]").focus()
    page.keyboard.press("Enter")
    found = shown(usage)
    expect(usage.locator("[data-result]")).to_be_focused()
    assert (found["requests"], found["isl"], found["osl"], found["cache_hit_share"]) == (60, 1500, 100, 0.2)
    assert found["requests_per_month"] == round(60 / 3 * MONTH_DAYS)
    expect(usage.locator(".usage-gaps")).to_contain_text("periods longer than an hour")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    usage.locator("button[name=choose_columns]").click()
    expect(area.locator("select[name=role_input]")).to_have_value("in")
    area.locator("input[name=includes_cache]").uncheck()
    area.locator("select[name=role_time]").select_option("")
    area.locator("button[name=read]").click()
    expect(usage.locator("output[name=usage_span]")).to_have_text("the file carries no times")
    assert shown(usage)["input"] == 108_000
    expect(usage.locator(".usage-gaps")).to_contain_text("enter above how many days")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "empty.csv is empty; export it again."),
        ("blank.csv", b"\xef\xbb\xbf \n\n", "blank.csv is empty; export it again."),
        ("bill.xlsx", b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "bill.xlsx is not a text file"),
        ("prose.txt", b"Dear Sir or Madam", "has no line of column names"),
        ("head.csv", b"a,b,c\n", "has column names but no rows"),
        ("one.json", b'{"total": 5, "note": "[{"}', "is JSON without a list of entries"),
    ],
)
def test_a_file_that_is_no_bill_is_refused_in_one_sentence(
    open_page: Open, name: str, content: bytes, told: str
) -> None:
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, name, content)
    expect(usage.locator("[data-error]")).to_contain_text(told)
    expect(usage).to_have_attribute("data-state", "error")
    expect(usage.locator("[data-result]")).to_be_hidden()
    # The next file is read as if nothing had happened.
    give(usage, "spend.json", litellm_rows())
    assert shown(usage)["requests"] == 10
    expect(usage.locator("[data-error]")).to_be_hidden()


def test_a_file_that_ends_early_says_so(open_page: Open) -> None:
    page = open_page(f"ja/{PAGE}").page
    usage = element(page)
    give(usage, "spend.json", litellm_rows()[:-100])
    assert shown(usage)["faults"] == 1
    expect(usage.locator(".usage-faults")).to_have_text("11件目：途中でファイルが終わっています")


def test_no_row_that_can_be_used_offers_the_columns(open_page: Open) -> None:
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, "x.csv", "generation_id,created_at,tokens_prompt,tokens_completion\na,noon,1,2\n")
    expect(usage.locator("[data-error]")).to_contain_text("no row could be used")
    expect(usage.locator(".usage-faults li")).to_have_count(1)
    expect(usage.locator("button[name=use_figures]")).to_have_count(0)
    expect(usage.locator("button[name=choose_columns]")).to_be_visible()


def test_a_file_is_dropped(open_page: Open) -> None:
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    drop = """(e, texts) => {
      const data = new DataTransfer();
      texts.forEach((text, i) => data.items.add(new File([text], `dropped-${i}.json`)));
      const how = { dataTransfer: data, bubbles: true, cancelable: true };
      for (const type of ['dragover', 'drop']) e.dispatchEvent(new DragEvent(type, how));
    }"""
    area = usage.locator("[data-drop]")
    area.evaluate(drop, [litellm_rows(), "[]"])
    expect(usage.locator("[data-error]")).to_contain_text("drop one at a time")
    area.evaluate(drop, [litellm_rows()])
    assert shown(usage)["requests"] == 10


def test_a_quotation_mark_that_is_never_closed_is_named(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "quote.csv"
    path.write_bytes(b'a,b\n1,2\n3,"' + b"x\n" * 9_000_000)
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, path.name, path)
    expect(usage.locator("[data-error]")).to_contain_text(
        "quote.csv, line 3: a quotation mark is opened", timeout=60_000
    )


def bill(path: Path, size: int) -> int:
    """Writes a bill of this many bytes, a request a second; returns how many requests it has."""
    usage = '"{""usage_object"": {""prompt_tokens_details"": {""cached_tokens"": 250}}}"'
    rows = written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        written += file.write("request_id,startTime,model,prompt_tokens,completion_tokens,metadata\n")
        while written < size:
            when = (START + timedelta(seconds=rows)).strftime("%Y-%m-%d %H:%M:%S")
            written += file.write(f"chatcmpl-{rows:012},{when},model-of-some-length-{rows % 7},1000,50,{usage}\n")
            rows += 1
    return rows


@pytest.fixture(scope="module")
def hundred_megabytes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A bill of nearly 100 MB, and how many requests it has."""
    path = tmp_path_factory.mktemp("bill") / "huge.csv"
    return path, bill(path, 99 * 10**6)


def peak_memory(browser: Browser) -> int:
    """Bytes that the pages of a browser have held at most so far, as the kernel counts them."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    found = [Path(f"/proc/{one['id']}/status").read_text() for one in processes if one["type"] == "renderer"]
    return sum(int(text.split("VmHWM:")[1].split()[0]) * 1024 for text in found)


def test_a_hundred_megabytes_leave_the_page_responsive(open_page: Open, hundred_megabytes: tuple[Path, int]) -> None:
    path, rows = hundred_megabytes
    watched = open_page(f"en/{PAGE}")
    page = watched.page
    usage = element(page)
    page.evaluate("window.turns = 0; setInterval(() => turns++, 20)")
    give(usage, path.name, path)
    expect(usage.locator("progress")).to_be_visible()
    # The page answers while the worker reads.
    usage.locator("summary").first.click()
    expect(usage.locator(".usage-formats li").first).to_be_visible()
    assert usage.get_attribute("data-state") == "computing"
    expect(usage.locator("[data-result]")).to_be_visible(timeout=180_000)
    assert page.evaluate("turns") > 20
    found = shown(usage)
    assert (found["rows"], found["faults"], found["requests"]) == (rows, 0, rows)
    assert (found["isl"], found["osl"], found["cache_hit_share"]) == (1000, 50, 0.25)
    assert found["peak_to_average"] == pytest.approx(1, abs=0.01)
    assert watched.errors == [] and watched.foreign == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak")
def test_memory_does_not_grow_with_the_file(
    open_page: Open, playwright: Playwright, hundred_megabytes: tuple[Path, int], tmp_path: Path
) -> None:
    """Four times the file, the same peak; the text alone would be 74 MB more."""
    quarter = tmp_path / "quarter.csv"
    peaks = []
    for path, rows in ((quarter, bill(quarter, 25 * 10**6)), hundred_megabytes):
        # The garbage of a small heap is collected often, so that peaks compare.
        own = launch(playwright, "--js-flags=--max-old-space-size=64 --max-semi-space-size=2")
        usage = element(open_page(f"en/{PAGE}", of=own).page)
        give(usage, path.name, path)
        expect(usage.locator("[data-result]")).to_be_visible(timeout=180_000)
        assert shown(usage)["rows"] == rows
        peaks.append(peak_memory(own))
        own.close()
    assert peaks[1] - peaks[0] < 50 * 2**20


def test_reading_can_be_canceled(open_page: Open, hundred_megabytes: tuple[Path, int]) -> None:
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, "huge.csv", hundred_megabytes[0])
    usage.locator("button[name=cancel]").click()
    expect(usage.locator("[data-status]")).to_have_text("Canceled.")
    expect(usage).to_have_attribute("data-state", "ready")
    expect(usage.locator("input[name=usage_file]")).to_be_focused()
    give(usage, "spend.json", litellm_rows())
    assert shown(usage)["requests"] == 10


def test_more_than_the_limit_is_refused_before_it_is_read(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "larger.csv"
    with path.open("wb") as file:
        file.truncate(101 * 10**6)
    page = open_page(f"en/{PAGE}").page
    usage = element(page)
    give(usage, path.name, path)
    expect(usage.locator("[data-error]")).to_have_text(
        "larger.csv has 101 MB, more than 100 MB; export a shorter period or longer buckets."
    )


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_without_scripts_it_says_what_it_does(open_page: Open, lang: str) -> None:
    page = open_page(f"{lang}/{PAGE}", java_script_enabled=False).page
    usage = page.locator("usage-import")
    usage.evaluate(
        "(e) => { for (let d = e.closest('details'); d; d = d.parentElement.closest('details')) d.open = true; }"
    )
    expect(usage).to_contain_text({"en": "Nothing is uploaded", "ja": "アップロードはしません"}[lang])
    expect(usage.locator("[data-drop]")).to_be_hidden()
    formats = usage.locator(".usage-formats li")
    assert formats.count() >= 8
    assert formats.filter(has=page.locator(".unknown")).count() >= 3  # what nobody documents is marked


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_typed_stays_inside(open_page: Open, scheme: str) -> None:
    """The calculator around must not take the importer's fields for parameters."""
    page = open_page(f"en/{PAGE}", color_scheme=scheme).page
    usage = element(page)
    page.evaluate(
        "window.heard = 0; for (const t of ['input', 'change']) document.body.addEventListener(t, () => heard++)"
    )
    give(usage, "spend.json", litellm_rows())
    shown(usage)
    usage.locator("input[name=usage_days]").fill("3")
    assert page.evaluate("heard") == 0
