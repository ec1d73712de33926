# title: {en: "Falling prices and the break-even", ja: "下がる料金と損益分岐"}
# description:
#   en: "How list prices moved, at which volume owning a server pays, and what a further fall of prices does to that."
#   ja: "定価はどう動いたか。どれだけ使えばサーバーの保有が得になるか。料金がさらに下がると、それはどう変わるか。"

# %%
from scripts.notebook_show import Mark, Quantity, Show

show = Show("en")
data = show.data

# %% [markdown] en
# ## Which prices changed {#changes}
#
# From `data/prices/` we take the labs' own offers with more than one dated price. Prices never overwrite each other there, so their history is at hand.

# %% [markdown] ja
# ## 料金の変わったモデル {#changes}
#
# `data/prices/`から、開発元自身の料金が日付つきで複数あるものを取り出す。料金は上書きせず残してあるため、推移をたどれる。

# %%
offers = {
    offer: entity.values
    for offer, entity in data.found["prices"].items()
    if entity.values.get("first_party") and len({row["out"] for row in entity.values["rows"]}) > 1
}


def price_of(offer, row):
    """The output price of a row."""
    return data.price(offers[offer]["model"], "out", on=row["from"])


def factor(offer):
    """The price now over the first one seen."""
    rows = sorted(offers[offer]["rows"], key=lambda row: row["from"])
    return price_of(offer, rows[-1]) / price_of(offer, rows[0])


changed = sorted(offers, key=lambda offer: factor(offer).figure)
table = []
for offer in changed:
    rows = sorted(offers[offer]["rows"], key=lambda row: row["from"])
    name = show.name(f"models/{offers[offer]['model']}")
    prices = [str(price_of(offer, row)) for row in (rows[0], rows[-1])]
    table.append([name, rows[0]["from"], prices[0], rows[-1]["from"], prices[1], factor(offer)])
show.table(
    ["column-model", "column-from", "column-first-price", "column-to", "column-last-price", "column-factor"], table
)

# %%
most = (changed[:4] + changed[-2:])[: len(changed)]
marks = [
    Mark(
        show.name(f"models/{offers[offer]['model']}"),
        most.index(offer),
        {"x": Quantity(row["from"], "date", row["from"], show=data.text), "y": price_of(offer, row)},
        named=False,
    )
    for offer in dict.fromkeys(most)
    for row in offers[offer]["rows"]
]
names = [show.name(f"models/{offers[offer]['model']}") for offer in dict.fromkeys(most)]
show.plot("list-prices", "dots", marks, groups=names, scales={"x": "date", "y": "log"}, join="group")

# %% [markdown] en
# ## At which volume owning pays {#break-even}
#
# The [cost calculator](../calculators/cost.md) answers for a server that serves GLM-5, against an API at list price. Everything else is the preset's.

# %% [markdown] ja
# ## どれだけ使えば保有が得か {#break-even}
#
# GLM-5を動かすサーバーを、定価のAPIと比べる。答えるのは[費用の計算ツール](../calculators/cost.md)で、ほかの条件はプリセットのままである。

# %%
show.answer("cost", "own-glm-5", "breakeven")

# %% [markdown] en
# ## If prices keep falling {#decline}
#
# The hardware is paid for on the first day; the API it replaces gets cheaper. How fast, nobody knows, so we run the case at both ends and the middle of the range that the calculator assumes. With the fall fixed, the chance in the last column comes from the other uncertain inputs.

# %% [markdown] ja
# ## 料金が下がり続けたら {#decline}
#
# 機器の代金は初日に払う。一方、置き換えられる側のAPIは安くなっていく。その速さは誰にもわからないため、計算ツールが置く範囲の両端と中央の値で同じ条件を計算する。下落率を固定したので、最後の列の確率は、ほかの不確かな入力だけから生じる。

# %%
decline = show.dataset.parameters["api_price_decline_per_year"]
rows = []
for share in (decline["low"], decline["value"], decline["high"]):
    case = data.calc("cost", "own-glm-5", api_price_decline_per_year=share)
    payback = show.word("never") if case.payback_month.never else case.payback_month
    rows.append([show.number(share, "share"), payback, case.npv_usd, case.p_npv_positive])
show.table(["column-decline", "column-payback", "column-npv", "column-p-positive"], rows)

# %% [markdown] en
# The same lines come from the command line: `python -m calculators cost --preset own-glm-5`, with `--set api_price_decline_per_year=…` for another fall.

# %% [markdown] ja
# 同じ値はコマンドラインでも得られる。`python -m calculators cost --preset own-glm-5`を実行し、下落率は`--set api_price_decline_per_year=…`で変える。
