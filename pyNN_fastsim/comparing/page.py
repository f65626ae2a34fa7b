"""
A comparison as one HTML page, with its figure inside.
"""

import base64
from html import escape
from pathlib import Path

from .expected import DOCS
from .report import WORDS, reasons, sections

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222;
       margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.5rem 0 2rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th.words, td.words { text-align: left; white-space: normal; min-width: 18rem; }
td.bad { color: #a40000; font-weight: 600; }
p.verdict { padding: 0.8rem 1rem; background: #eef6ee; border-left: 4px solid #2e7d32; }
p.verdict.bad { background: #fbeeee; border-left-color: #a40000; }
img { max-width: 100%; }
"""


def write_page(comparison, path, figure=None):
    """Write the page to a file; `figure` is the path of a PNG file that is put into it, or None."""
    script = escape(Path(comparison.script).name)
    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{script}: a comparison</title>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{script} on {escape(', '.join(outcome.backend for outcome in comparison.of_backends))}</h1>",
        f"<p class='verdict{'' if comparison.agree else ' bad'}'>{escape(comparison.verdict)}</p>",
    ]
    if figure is not None:
        image = base64.b64encode(Path(figure).read_bytes()).decode()
        parts.append(f"<img alt='spikes and distributions' src='data:image/png;base64,{image}'>")
    for title, header, rows in sections(comparison):
        parts += [f"<h2>{escape(title)}</h2>", _table(header, rows)]
    for name, sentences in reasons(comparison):
        if sentences:
            items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
            parts.append(f"<h2>Differences that are expected of {escape(name)}</h2><ul>{items}</ul>")
    parts.append(f"<p>More about what differs between simulators: {escape(DOCS)}.</p></body></html>")
    Path(path).write_text("\n".join(parts), encoding="utf-8")


def _table(header, rows):
    """Numbers to the right, the first column and those of words to the left."""
    of_words = [any(len(str(row[k])) > WORDS for row in rows) for k in range(len(header))]
    lines = [
        "<tr>"
        + "".join(_cell(tag, str(cell), words) for cell, words in zip(row, of_words, strict=True))
        + "</tr>"
        for tag, row in (("th", header), *(("td", row) for row in rows))
    ]
    return f"<div class='wide'><table>{''.join(lines)}</table></div>"


def _cell(tag, text, is_words):
    classes = ["bad"] if "DIFFERS" in text or "BEYOND" in text else []
    classes += ["words"] if is_words else []
    mark = f" class='{' '.join(classes)}'" if classes else ""
    return f"<{tag}{mark}>{escape(text)}</{tag}>"
