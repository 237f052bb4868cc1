"""The journal's tables. A change raises VERSION and brings a step from the version before."""

VERSION = 6
APPLICATION_ID = 0x50415241  # "PARA", so that `file` and we know a journal from another database

# Events are few among sets: without it, the last one of a point that opened long ago means reading all its sets.
_ENTRY_EVENT = "CREATE INDEX entry_event ON entry (point, seq) WHERE kind = 'event';"

# An alert was about a "point", which of the coordination point's own certificates was "_own/<kind>".
_ALERT_SUBJECT = """
UPDATE alert SET body = CAST(json_set(
    json_remove(CAST(body AS TEXT), '$.point'),
    '$.subject', CASE
        WHEN json_extract(CAST(body AS TEXT), '$.point') LIKE '\\_own/%' ESCAPE '\\'
        THEN json_object('kind', 'certificate', 'id', substr(json_extract(CAST(body AS TEXT), '$.point'), 6))
        ELSE json_object('kind', 'point', 'id', json_extract(CAST(body AS TEXT), '$.point')) END
) AS BLOB);
"""

_FACT = """
-- What the host is told beside the boards' sets: board states, what people do, what befalls the host (domain/facts.py).
-- Rows are only added. AUTOINCREMENT: an id stands for one fact for ever, also once rows were cut off.
CREATE TABLE fact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,            -- the tag of its kind, with its version; unknown ones are kept and skipped
    point TEXT,                    -- the point that it is about, if it is about one
    after INTEGER NOT NULL,        -- the newest id in entry when it was stored: both tables are one stream
    t REAL NOT NULL,               -- unix seconds, when it was so
    recorded_at REAL NOT NULL,     -- unix seconds, when the host learnt it
    author BLOB NOT NULL,          -- JSON of Author
    body BLOB NOT NULL             -- JSON of the kind
);
CREATE INDEX fact_by_kind ON fact (kind, point, id);
"""

# Of each board the last state is known, and not after which set it came.
_FACT_STATES = """
INSERT INTO fact (kind, point, after, t, recorded_at, author, body)
SELECT 'board-state/1', point, 0,
    json_extract(CAST(body AS TEXT), '$.received_at'), json_extract(CAST(body AS TEXT), '$.received_at'),
    CAST(json_object('name', point, 'way', 'board', 'role', '') AS BLOB),
    CAST(json_object('kind', 'board-state/1', 'state', json(CAST(body AS TEXT))) AS BLOB)
FROM state ORDER BY json_extract(CAST(body AS TEXT), '$.received_at');
"""

_PENDING = """
-- What may become an alert: it is one when it fires. A wobble leaves nothing behind.
CREATE TABLE pending (
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,         -- kind/id
    body BLOB NOT NULL,            -- JSON of AlertState
    PRIMARY KEY (rule, subject)
) WITHOUT ROWID;
"""

_DELIVERY = """
-- That somebody is to be told, for one reason: once. Written when it is due, rendered when it is sent.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alert (id),
    reason TEXT NOT NULL,          -- alerts/ladder.py has them all
    rung TEXT NOT NULL,
    person TEXT NOT NULL,          -- the id in the roster
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,          -- not before
    first_due_at REAL NOT NULL,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL,           -- due, sending, sent, uncertain, dropped, returned
    message TEXT NOT NULL,         -- the key of the message that carried it; a digest carries several
    answer TEXT NOT NULL,          -- what came back, or why not
    settled_at REAL,
    UNIQUE (alert_id, reason, person, channel, address)
);
CREATE INDEX delivery_due ON delivery (channel) WHERE state IN ('due', 'sending');
CREATE INDEX delivery_sent ON delivery (settled_at) WHERE settled_at IS NOT NULL;
"""

# Every attempt to deliver, for the report afterwards.
_ATTEMPT = """
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    at REAL NOT NULL,
    ok INTEGER NOT NULL,
    error TEXT                     -- of a failure: why
);
"""

_JUDGED = """
-- The moments at which the alerts were judged, and the last ids that were known then: by them a replay gives the same alerts.
CREATE TABLE judged (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    entry INTEGER NOT NULL,
    fact INTEGER NOT NULL
);
"""

# What the host observed of itself stood nowhere.
_OWN = """
-- JSON of what was otherwise than at the moment before (alerts/observed.py); '': nothing
ALTER TABLE judged ADD COLUMN own TEXT NOT NULL DEFAULT '';
"""

# Messages were written when the alert changed, and for an address; wobbles that never fired stood among the alerts.
_TELLING = f"""
ALTER TABLE attempt RENAME TO old_attempt;
ALTER TABLE delivery RENAME TO old_delivery;
DROP INDEX delivery_due;
DROP INDEX delivery_by_alert;
{_PENDING}
{_DELIVERY}
{_ATTEMPT}
{_JUDGED}
INSERT OR IGNORE INTO delivery
    SELECT id, alert_id, CASE transition WHEN 'firing' THEN 'turn-1' ELSE transition END,
        CASE channel WHEN 'log' THEN 'log' ELSE '' END, CASE channel WHEN 'log' THEN 'log/' ELSE recipient END,
        channel, recipient, due_at, due_at, due_at, attempts, CASE state WHEN 'failed' THEN 'dropped' ELSE state END, '',
        coalesce(error, ''), CASE state WHEN 'due' THEN NULL ELSE due_at END
    FROM old_delivery;
INSERT INTO attempt SELECT * FROM old_attempt WHERE delivery_id IN (SELECT id FROM delivery);
DROP TABLE old_attempt;
DROP TABLE old_delivery;
INSERT INTO pending
    SELECT json_extract(CAST(body AS TEXT), '$.rule'),
        json_extract(CAST(body AS TEXT), '$.subject.kind') || '/' || json_extract(CAST(body AS TEXT), '$.subject.id'),
        CAST(json_set(CAST(body AS TEXT), '$.id', 0) AS BLOB)
    FROM alert WHERE state = 'pending';
DELETE FROM alert WHERE json_extract(CAST(body AS TEXT), '$.fired_at') IS NULL
    AND id NOT IN (SELECT alert_id FROM delivery);
"""  # noqa: S608 - of nothing but the texts above

# The means of five minutes, and what is written again of a period, ask by the time of a reading. It grows at its end.
_ENTRY_TIME = "CREATE INDEX entry_by_time ON entry (t);"

# What makes a journal of version n one of version n + 1.
STEPS = {1: _ENTRY_EVENT, 2: _ALERT_SUBJECT + _FACT + _FACT_STATES, 3: _TELLING, 4: _OWN, 5: _ENTRY_TIME}

TABLES = f"""
-- What a board reported, and what the host derived (then seq is NULL). AUTOINCREMENT: without it
-- ids are used again once the table was emptied, and every cursor would skip the new rows.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    point TEXT NOT NULL,
    kind TEXT NOT NULL,            -- telemetry, event, derived
    seq INTEGER,
    t REAL NOT NULL,               -- unix seconds, when it was read
    received_at REAL NOT NULL,
    dated_by_host INTEGER NOT NULL,
    body BLOB NOT NULL             -- JSON [values, faults]
);
CREATE UNIQUE INDEX entry_by_seq ON entry (point, seq) WHERE seq IS NOT NULL;
{_ENTRY_EVENT}
{_ENTRY_TIME}
{_FACT}
-- The seqs of each point that are in entry, merged. Written together with entry, so that a start
-- need not read millions of rows.
CREATE TABLE stored (
    point TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (point, first)
) WITHOUT ROWID;

-- The last state of each point; all of them are facts.
CREATE TABLE state (
    point TEXT PRIMARY KEY,
    body BLOB NOT NULL             -- JSON of NodeState
) WITHOUT ROWID;

-- The newest refusals; older ones are cut off.
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at REAL NOT NULL,
    topic TEXT NOT NULL,
    reason TEXT NOT NULL,
    record TEXT,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL,
    payload BLOB NOT NULL          -- its beginning
);

CREATE TABLE cursor (
    sink TEXT PRIMARY KEY,
    entry_id INTEGER NOT NULL      -- up to here the sink has everything, but for the refused lines
) WITHOUT ROWID;

-- The newest lines a sink would not have; older ones are cut off. The entries they came from stay.
CREATE TABLE refused_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL,
    line BLOB NOT NULL,
    error TEXT NOT NULL
);

CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,           -- firing, resolved
    body BLOB NOT NULL             -- JSON of AlertState
);
CREATE INDEX alert_open ON alert (state) WHERE state <> 'resolved';
{_PENDING}
{_DELIVERY}
{_ATTEMPT}
{_JUDGED}
{_OWN}"""
