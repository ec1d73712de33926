"""Compares the site's own search with MiniSearch over letter pairs, on the built site and the queries of its test.

Usage: python -m scripts.bench_search [--site site] [--write]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from calculators.text import LANGUAGES
from scripts.bench import Figures, write
from scripts.cached import ROOT
from scripts.node import node_json
from scripts.search_cases import drawn, written


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_search", description=str(__doc__).splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "site", help="the built site (default: site)")
    parser.add_argument("--write", action="store_true", help="put the figures into data/facts/site-search-*.yml")
    arguments = parser.parse_args(argv)
    stored: Figures = {}
    print("language engine  recall@3  first  false hits  ms/query  KB gzip fetched")
    for lang in LANGUAGES:
        docs = arguments.site.resolve() / lang / "search" / "docs.json"
        sets = (written(lang), drawn(docs, lang))
        wanted = [(query, page) for of in sets for query, page in of.found.items()]
        absent = [query for of in sets for query in of.absent]
        given = {"docs": str(docs), "queries": [query for query, _ in wanted] + absent}
        for engine, figures in node_json("scripts/bench_search.mjs", json.dumps(given)).items():
            pages = figures["pages"]
            third = sum(page in found[:3] for (_, page), found in zip(wanted, pages, strict=False))
            first = sum(page in found[:1] for (_, page), found in zip(wanted, pages, strict=False))
            false = sum(bool(found) for found in pages[len(wanted) :])
            name = f"site-search-{'' if engine == 'own' else 'pairs-'}{lang}"
            stored |= {f"{name}-recall": [100 * third / len(wanted)], f"{name}-bytes": [float(figures["gzip"])]}
            recall = f"{third}/{len(wanted)}"
            print(
                f"{lang:8} {engine:6} {recall:>9} {first:>6} {f'{false}/{len(absent)}':>11}"
                f" {figures['milliseconds']:>9.1f} {figures['gzip'] / 1e3:>16.0f}"
            )
    if arguments.write:
        write(stored)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
