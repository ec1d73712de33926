"""The language of quantities: values, operators, intervals and refusals, over the real data and over changed copies."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from calculators.data_files import Entity, read_all
from calculators.evidence import Evidence, NoSuchFact, Quantity, evaluate
from calculators.text import trimmed

AA = "scores/artificial-analysis-v4.0#"


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Entity]]:
    return read_all()


@pytest.fixture(scope="module")
def english(found: dict[str, dict[str, Entity]]) -> Evidence:
    return Evidence(found, "en")


@pytest.fixture(scope="module")
def pinned(found: dict[str, dict[str, Entity]]) -> dict[str, dict[str, Entity]]:
    """The data with the figures whose words are tested, so that a correction of the real ones breaks no test."""
    own = copy.deepcopy(found)
    own["models"]["glm-5"].values["total_params"]["value"] = 744e9
    for offer, price_in, price_out in (
        ("glm-5.z-ai", 1.0, 3.2),
        ("gpt-5.2.openai", 1.75, 14.0),
        ("claude-opus-4.6.anthropic", 5.0, 25.0),
    ):
        own["prices"][offer].values["rows"][-1].update({"in": price_in, "out": price_out})
    own["facts"]["deepseek-v3-training-usd"].values["value"] = 5576000
    own["facts"]["distillation-exchanges"].values["value"] = 16000000
    scores = own["scores"]["artificial-analysis-v4.0"].values
    own["facts"][scores["margin"]].values["value"] = 1
    for row in scores["rows"]:
        row["value"] = {("gpt-5.2", "xhigh"): 51, ("glm-5", None): 50, ("gemini-3.1-pro", "preview"): 57}.get(
            (row["model"], row.get("setting")), row["value"]
        )
    return own


def of(evidence: Evidence, expression: str) -> Any:
    return evaluate(expression, evidence.functions())


@pytest.mark.parametrize(
    ("expression", "en", "ja"),
    [
        ('v("models/glm-5", "total_params")', "744B", "7,440億"),
        ('v("models/glm-5#total_params")', "744B", "7,440億"),
        ('price("glm-5", "in")', "$1.00 per million tokens", "100万トークンあたり1.00ドル"),
        ('price("glm-5", "blended").bare', "$1.55", "1.55ドル"),
        ('price("gpt-5.2", "blended")', "$4.81 per million tokens", "100万トークンあたり4.81ドル"),
        ('v("facts/deepseek-v3-training-usd")', "$5.576 million", "557.6万ドル"),
        ('v("facts/distillation-exchanges")', "16 million", "1,600万"),
        ('price("claude-opus-4.6", "out") / price("glm-5", "out")', "7.8", "7.8"),
        ('(price("glm-5", "blended") / price("gpt-5.2", "blended")).percent', "32%", "32%"),
        ('calc("cost", tokens_per_month=10000000000).given.tokens_per_month', "10 billion", "100億"),
        ('calc("fit", "laptop", rtt_ms=20000).given.rtt_ms.seconds', "20.0 s", "20.0秒"),
        (f'noise("{AA}gpt-5.2 xhigh", "{AA}glm-5")', "within the noise", "誤差の範囲内"),
        (f'noise("{AA}gemini-3.1-pro", "{AA}glm-5")', "outside the noise", "誤差の範囲外"),
    ],
)
def test_a_quantity_reads_well_in_both_languages(
    pinned: dict[str, dict[str, Entity]], expression: str, en: str, ja: str
) -> None:
    assert [str(of(Evidence(pinned, lang), expression)) for lang in ("en", "ja")] == [en, ja]


def test_a_time_in_seconds_keeps_its_range(english: Evidence) -> None:
    wait = of(english, 'calc("fit", model="qwen3-8b", device="h100-sxm").ttft_ms')
    assert wait.seconds.unit == "seconds" and str(wait.seconds).endswith(" s")
    assert [wait.seconds.figure, wait.seconds.high.figure] == pytest.approx(
        [wait.figure / 1000, wait.high.figure / 1000]
    )


def test_a_blend_is_three_parts_input(english: Evidence) -> None:
    price_in, price_out = (of(english, f'price("glm-5", "{kind}")').figure for kind in ("in", "out"))
    assert of(english, 'price("glm-5", "blended")').figure == pytest.approx((3 * price_in + price_out) / 4)


def test_a_price_on_a_day_is_that_of_the_day(english: Evidence) -> None:
    then = of(english, 'price("deepseek-v4-pro", "out", on="2026-07-15")')
    now = of(english, 'price("deepseek-v4-pro", "out")')
    assert then.figure != now.figure
    assert then.rests_on != now.rests_on


def test_a_difference_of_scores_carries_its_interval(english: Evidence) -> None:
    gap = english.minus(
        "scores/swe-bench-verified#claude-opus-4.5 openhands", "scores/swe-bench-verified#glm-5 openhands"
    )
    assert gap.low < gap < gap.high
    # Two shares near 75 % of 500 tasks: each about 1.96 * sqrt(0.75 * 0.25 / 500) = 3.8 points, together 5.4.
    assert (gap.high - gap.low).figure == pytest.approx(2 * 5.4, abs=0.3)


def test_a_stated_margin_covers_the_rounding_of_whole_scores(pinned: dict[str, dict[str, Entity]]) -> None:
    score = Evidence(pinned).v(f"{AA}glm-5")
    assert (score.low.figure, score.high.figure) == (48.5, 51.5)


def test_a_measured_speed_is_named_by_words_of_its_row(english: Evidence) -> None:
    alone = "measurements/llama-cpp-dgx-spark#decode gpt-oss-20b batch=1 depth_tokens=0"
    rows = english.entity("measurements/llama-cpp-dgx-spark")["rows"]
    row = next(r for r in rows if (r["model"], r["batch"], r["depth_tokens"]) == ("gpt-oss-20b", 1, 0))
    speed = english.v(alone)
    assert (speed.value, speed.unit, speed.rests_on) == (row["decode_tokens_per_second"], "tokens/s", (alone,))
    assert english.v(alone.replace("decode", "prefill")).value == row["prefill_tokens_per_second"]
    with pytest.raises(NoSuchFact, match="2 rows; allowed: words that one row has"):
        english.v("measurements/llama-cpp-dgx-spark#decode gpt-oss-20b batch=1")
    with pytest.raises(NoSuchFact, match="speed given; allowed: decode or prefill"):
        english.v(alone.replace("decode", "speed"))


def test_a_result_says_where_it_is_computed_and_from_what(english: Evidence) -> None:
    result = of(english, 'calc("cost", "support-desk jp", model="glm-5").owned_month_usd')
    assert result.case == ("cost", "preset=support-desk&preset=jp&model=glm-5")
    assert {"presets/support-desk", "models/glm-5#total_params"} <= set(result.rests_on)


def test_what_never_happens_says_why(english: Evidence) -> None:
    payback = of(english, 'calc("cost", tokens_per_month=1000000).payback_month')
    assert payback.never and payback.value is None
    assert str(payback) == payback.reason != ""
    with pytest.raises(NoSuchFact):
        assert payback < 12


def test_a_changed_price_changes_what_rests_on_it(found: dict[str, dict[str, Entity]]) -> None:
    changed = copy.deepcopy(found)
    row = changed["prices"]["glm-5.z-ai"].values["rows"][-1]
    row["in"] *= 2
    before, after = Evidence(found), Evidence(changed)
    assert of(after, 'price("glm-5", "in")').figure == 2 * of(before, 'price("glm-5", "in")').figure
    month = 'calc("cost", api_model="glm-5").api_month_usd'
    assert of(after, month) > of(before, month)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ('v("facts/none")', "there is no file data/facts/none.yml"),
        ('v("models/glm-5")', "holds several values; name a field"),
        ('v("models/glm-5", "size")', "has no field size"),
        (f'v("{AA}glm-50")', "0 rows"),
        (f'v("{AA}claude-opus-4.6")', "2 rows"),
        ('price("glm-5", "sum")', "sum is no kind of price"),
        ('price("glm-5", "in", provider="nobody")', "0 offers; allowed: one provider"),
        ('price("glm-5", "in", on="2020-01-01")', "no row of data/prices/glm-5.z-ai.yml is in force"),
        (
            'v("facts/aa-interval") - v("models/glm-5", "total_params")',
            "parameters given; allowed: a quantity in percent",
        ),
        ('v("facts/aa-interval") / v("models/glm-5", "total_params")', "allowed: a quantity in percent"),
        (f'minus("{AA}glm-5", "scores/swe-bench-verified#glm-5 vendor")', "do not compare"),
        (f'within_noise("{AA}glm-5", "scores/artificial-analysis-v4.3.2#glm-5.3")', "do not compare"),
        ('v("models/gpt-5.2", "released").figure', "is not a number"),
        ('v("facts/aa-interval").seconds', "percent given; allowed: milliseconds"),
        ('calc("cost", tokens_per_month="many").payback_month', "many"),
        ('calc("cost").payback', "there is no such value"),
        ('calc("rent").payback_month', "rent"),
        ("price(", "unexpected"),
        ("open('/etc/passwd')", "'open' is undefined"),
        ("v.__globals__", "unsafe"),
    ],
)
def test_a_wrong_expression_is_one_sentence(english: Evidence, expression: str, sentence: str) -> None:
    with pytest.raises(NoSuchFact) as refused:
        of(english, expression)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_operators_keep_units_and_origins(english: Evidence) -> None:
    both = english.price("glm-5", "in") + english.price("glm-5", "out")
    assert isinstance(both, Quantity)
    assert (both.unit, len(both.rests_on)) == ("USD/Mtok", 2)
    assert (both / 2).unit == "USD/Mtok"
    assert (both * (both / both)).unit == "USD/Mtok"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.2e-7, "0.00000012"),
        (-0.00002, "-0.00002"),
        (5e-5, "0.00005"),
        (0.25, "0.25"),
        (12345.5, "12,345.5"),
        (7.0, "7"),
    ],
)
def test_small_figures_are_written_out(value: float, shown: str) -> None:
    assert trimmed(value) == shown
