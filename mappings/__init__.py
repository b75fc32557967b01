"""Canonical models and mapping templates: data, and the folder they are in.

`models/` says what a record is to the venue, one file per table; `<provider>/<entity>.yaml` says how it is called
at a provider. The language is declared in `sync_core.spec.template` and made executable by `sync_core.mapping`;
there is no behaviour here.
"""

from pathlib import Path

FOLDER: Path = Path(__file__).parent
