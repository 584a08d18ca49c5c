"""The report as Markdown: the short form, beside the model."""

from __future__ import annotations

from typing import Any

from quantize import classes
from quantize.verdict import chance, milliseconds, signed, verdict
from training.reports.tables import interval, markdown, percent, percent_or_dash


def as_markdown(result: dict[str, Any]) -> str:
    """result: as `quantize.report.compare` gives it."""
    one, other = result["float"], result["int8"]
    found = verdict(result)
    lines = [
        ("accuracy (95 % interval)", interval(one["accuracy"]), interval(other["accuracy"])),
        ("macro-F1", f"{one['macro_f1']:.3f}", f"{other['macro_f1']:.3f}"),
        ("calibration error to the majority", f"{one['calibration_error']:.3f}", f"{other['calibration_error']:.3f}"),
        ("size", f"{one['size_bytes'] / 1000:.0f} KB", f"{other['size_bytes'] / 1000:.0f} KB"),
    ]
    if "neutral_called_sad" in one:
        shares = (percent_or_dash(each["neutral_called_sad"]) for each in (one, other))
        lines.insert(3, ("neutral called sad", *shares))
    if "corruptions" in one:
        means = (sum(each["corruptions"].values()) / len(each["corruptions"]) for each in (one, other))
        lines.append((f"mean accuracy over {len(one['corruptions'])} corruptions", *map(percent, means)))
    for setting in result["latency"]:
        if setting["ms"]:
            name = f"batch of {setting['batch']}, {setting['threads']} thread{'s' if setting['threads'] > 1 else ''}"
            lines.append((name + ", median", *(f"{milliseconds(setting['ms'][key])} ms" for key in ("float", "int8"))))
    kinds = [
        (line.name, str(line.pictures), *map(percent, line.recall), *map(percent_or_dash, line.precision))
        for line in classes.lines(result)
    ]
    used = ", ".join(f"{count} {operator}" for operator, count in sorted(result["operators"].items()))
    return f"""# {result["name"]}: float against int8

**{found.decision}.** {found.sentence} {found.reason}

{result["split"]}, {result["faces"]} pictures. Both files ran in one process, in turns. McNemar's exact p that both are
equally often right: {chance(result["mcnemar_p"])} (only float32 right: {result["only_float_right"]}, only int8:
{result["only_int8_right"]}).

{markdown(("", "float32", "int8"), lines)}
{markdown(("", "pictures", "recall, float32", "recall, int8", "precision, float32", "precision, int8"), kinds)}
{_on_others(result)}{_made_by(result)}Operators of the int8 file,
{result["float_operators"] or "none"} of them in float: {used};
{result["multiply_accumulates"] / 1e6:.1f} M multiply-accumulates a picture.

Checksum of the int8 file: `{result["sha256"]}`.
"""


def method_table(lines: list[dict[str, Any]]) -> str:
    """The methods as `quantize.methods.compare_methods` measured them."""
    rows = [
        (
            line["method"],
            f"{1000 * line['divergence']:.2f}",
            percent(line["equal_decisions"]),
            signed(100 * line["difference"]["value"]),
            f"{line['snr_db']:.1f} dB",
        )
        for line in lines
    ]
    return markdown(
        ("PublicTest, int8 against float32", "divergence, 1/1000 nats", "equal decisions", "accuracy, points", "SNR"),
        rows,
    )


def _on_others(result: dict[str, Any]) -> str:
    rows = [
        (
            f"{name}, {one['faces']} pictures",
            *(interval(one["accuracy"][side]) for side in ("float", "int8")),
            percent(one["equal_decisions"]),
            chance(one["mcnemar_p"]),
        )
        for name, one in result["others"].items()
    ]
    return markdown(("", "float32", "int8", "equal decisions", "McNemar's p"), rows) + "\n" if rows else ""


def _made_by(result: dict[str, Any]) -> str:
    quantization = result.get("quantization")
    if not quantization:
        return ""
    table = method_table(quantization["measured"]) + "\n" if quantization["measured"] else ""
    return f"Made int8 by: {quantization['method']} ({quantization['rule']}).\n\n{table}"
