# title: {en: "How far off is the speed model?", ja: "速度モデルはどれだけ外れるか"}
# description:
#   en: "Every published measurement against what the calculators predict for it, with the errors by kind of device."
#   ja: "公表された実測値すべてを計算ツールの予測と突き合わせ、機器の種類ごとに誤差をまとめる。"

# %%
from calculators import validation
from calculators.validation_report import validate
from scripts.data_api import rows_of
from scripts.notebook_show import Mark, Quantity, Show

show = Show("en")
data = show.data
measured = list(rows_of("measurements", data.found))
checked = validation.check_data(show.dataset, data.found)

# %% [markdown] en
# ## Prediction against measurement {#scatter}
#
# For each row of `data/measurements/` the calculators' speed function gets the model, the device, the engine, the batch and the length that its source states. What the source leaves out is assumed, and rows that cannot test a formula do not count; both are marked in the [table of measurements](../data/validation.md).

# %% [markdown] ja
# ## 予測と実測 {#scatter}
#
# `data/measurements/`の行ごとに、出典に書かれたモデル、機器、推論エンジン、バッチ、長さを計算ツールの速度関数に渡す。出典にない条件は仮定を置き、式の検証に使えない行は統計に数えない。どちらも[検証の表](../data/validation.md)に示してある。

# %%
PARTS = {"datacenter": 0, "phone": 2, "jetson": 2}  # the others stand on or under a desk


def speed(value, raw):
    return Quantity(value, "tokens/s", "", (f"measurements/{raw['source']}",), stored=raw, show=data.text, exact=False)


def marks_of(kind):
    marks = []
    for one, raw in zip(checked, measured, strict=True):
        found = one.pair(kind) if one.row.counts else None
        if found:
            name = f"{show.name(f'models/{one.row.model}')}, {show.name(f'devices/{one.row.device}')}"
            part = PARTS.get(validation.class_of(one.row), 1)
            marks.append(Mark(name, part, {"x": speed(found[0], raw), "y": speed(found[1], raw)}, named=False))
    return marks


def scatter(kind):
    parts = ["part-server", "part-desk", "part-hand"]
    scales = {"x": "log", "y": "log"}
    return show.plot(f"speed-{kind}", "dots", marks_of(kind), groups=parts, scales=scales, diagonal="speed-equal")


scatter("decode")

# %%
scatter("prefill")

# %% [markdown] en
# ## Errors by kind of device {#errors}
#
# The error of a row is the distance of the prediction from the measurement, as a share of the measurement; the bias is the geometric mean of prediction over measurement. The last column is what the interval shown beside every speed is good for.

# %% [markdown] ja
# ## 機器の種類ごとの誤差 {#errors}
#
# 行の誤差は、予測と実測の差を実測で割った割合である。偏りは、予測÷実測の幾何平均から求めた。最後の列は、速度に添えて表示する区間がどれだけ当たるかを示す。


# %%
def errors(kind):
    rows = []
    for name, one in validation.summaries(checked)[kind].items():
        label = "all" if name == "all" else f"class-{name}"
        if one and show.has(label):
            shares = [show.number(share, "share") for share in (one.median, one.p90, one.bias, one.inside)]
            rows.append([show.word(label), str(one.n), *shares])
    heads = ["column-class", "column-n", "column-median", "column-p90", "column-bias", "column-inside"]
    return show.table(heads, rows)


errors("decode")

# %%
errors("prefill")

# %% [markdown] en
# These must be the figures that `python -m calculators validation` prints:

# %% [markdown] ja
# この値は、`python -m calculators validation`の出力と一致しなければならない。

# %%
answer, lines, wrong = validate(show.dataset, None)
assert not wrong, wrong
for kind in validation.SPEEDS:
    assert answer["results"][kind]["all"]["median"] == validation.summaries(checked)[kind]["all"].median
print("\n".join(lines[:3]))

# %% [markdown] en
# ## Where it fails most {#worst}
#
# The largest errors of the decode speed. A model of speed earns trust by showing these.

# %% [markdown] ja
# ## 最も外れる場合 {#worst}
#
# 出力速度の誤差が大きい順に並べた。外れる例を隠さずに示してこそ、モデルは信用できる。

# %%
pairs = [(one, *one.pair("decode")) for one in checked if one.row.counts and one.pair("decode")]
pairs.sort(key=lambda found: -abs(found[2] / found[1] - 1))
rows = [
    [
        show.name(f"models/{one.row.model}"),
        show.name(f"devices/{one.row.device}"),
        one.row.engine,
        *(show.number(value, "tokens/s") for value in (was, predicted)),
        show.number(predicted / was - 1, "share"),
    ]
    for one, was, predicted, _ in pairs[:10]
]
heads = ["column-model", "column-device", "column-engine", "column-measured", "column-predicted", "column-error"]
show.table(heads, rows)
