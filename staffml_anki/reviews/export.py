"""A history for other programs: CSV, JSON or Parquet, one row per review."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any, Literal

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews.model import History, Kind

type Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "json", "parquet")
FIELDS = ("question", "time", "date", "ease", "kind", "interval", "last_interval", "factor", "taken")


def exported(history: History, form: Format) -> bytes:
    """The reviews in order of question, then time.

    ``time`` is in milliseconds since the epoch, ``date`` the same in UTC, ``kind`` a word, the rest as in
    :class:`~staffml_anki.reviews.model.Reviews`.

    Raises:
        StaffmlAnkiError: Parquet was asked for, and pyarrow is not installed.
    """
    match form:
        case "csv":
            out = io.StringIO(newline="")
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(FIELDS)
            writer.writerows(zip(*_columns(history).values(), strict=True))
            return out.getvalue().encode()
        case "json":
            rows = [dict(zip(FIELDS, row, strict=True)) for row in zip(*_columns(history).values(), strict=True)]
            return (json.dumps({"version": 1, "reviews": rows}, ensure_ascii=False, indent=1) + "\n").encode()
        case "parquet":
            return _parquet(history)


def _columns(history: History) -> dict[str, list[Any]]:
    rows = history.reviews.rows
    names = {kind.value: kind.name.lower() for kind in Kind}
    columns = {name: rows[name].tolist() for name in FIELDS if name not in ("question", "date", "kind")}
    columns["question"] = [history.questions[number] for number in rows["question"].tolist()]
    columns["date"] = [
        datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds") for time in columns["time"]
    ]
    columns["kind"] = [names.get(kind, str(kind)) for kind in rows["kind"].tolist()]
    return {name: columns[name] for name in FIELDS}


def _parquet(history: History) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise StaffmlAnkiError(
            "Parquet needs pyarrow; install it with: pip install 'staffml-anki[parquet]', or export csv or json"
        ) from None
    columns = _columns(history) | {"date": pa.array(history.reviews.column("time"), pa.timestamp("ms", "UTC"))}
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()
