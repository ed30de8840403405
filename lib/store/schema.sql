-- The store's first version.  Later ones are migrations of their own; what
-- stands here never changes.  Times: integer ms since the epoch, UTC.

-- Every decision of the gate.  Allowed rows are the most by far, so that the
-- indexes leave them out and cost them nothing.  The id is not AUTOINCREMENT, which
-- writes one page more with each row: retention leaves the newest row, so that no
-- id comes twice.
CREATE TABLE decisions (
	id INTEGER PRIMARY KEY,
	timestamp INTEGER NOT NULL,
	user TEXT,
	method TEXT NOT NULL,
	uri TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	class TEXT NOT NULL,
	subject TEXT,
	container TEXT,
	image TEXT,
	image_id TEXT,
	verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'deny', 'audit')),
	rule TEXT,
	field TEXT,
	message TEXT,
	exception TEXT,
	latency_us INTEGER NOT NULL,
	revision TEXT NOT NULL,
	status INTEGER NOT NULL DEFAULT 0,
	request TEXT,
	facts TEXT
);
CREATE INDEX decisions_refused ON decisions (timestamp) WHERE verdict <> 'allow';

CREATE TABLE security_alerts (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	service TEXT NOT NULL,
	alert_type TEXT NOT NULL,
	message TEXT NOT NULL,
	timestamp INTEGER NOT NULL,
	decision_id INTEGER
);
CREATE INDEX security_alerts_time ON security_alerts (timestamp);

-- The text behind each revision that decided something.
CREATE TABLE policies (
	revision TEXT PRIMARY KEY,
	text TEXT NOT NULL,
	timestamp INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
