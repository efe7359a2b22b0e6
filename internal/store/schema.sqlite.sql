-- The schema on sqlite, as the migrations make it. Written by: go test ./internal/store -run TestSchema -update

CREATE TABLE organization (
    id         INTEGER PRIMARY KEY,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sequence (
    name TEXT   NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

CREATE TABLE account (
    id         INTEGER PRIMARY KEY,
    name       TEXT   NOT NULL,
    name_key   TEXT   NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE module (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    name       TEXT   NOT NULL,
    name_key   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, name_key)
);

CREATE TABLE collection (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    module_id  BIGINT NOT NULL REFERENCES module (id),
    name       TEXT   NOT NULL,
    name_key   TEXT   NOT NULL,
    kind       TEXT   NOT NULL, -- main, people, locations, categories, custom
    position   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (module_id, name_key)
);

CREATE TABLE field (
    id                 INTEGER PRIMARY KEY,
    account_id         BIGINT  NOT NULL REFERENCES account (id),
    collection_id      BIGINT  NOT NULL REFERENCES collection (id),
    name               TEXT    NOT NULL,
    name_key           TEXT    NOT NULL,
    type               TEXT    NOT NULL,
    position           BIGINT  NOT NULL,
    is_title           BOOLEAN NOT NULL,
    is_required        BOOLEAN NOT NULL,
    is_unique          BOOLEAN NOT NULL,
    is_hidden          BOOLEAN NOT NULL,
    is_system          BOOLEAN NOT NULL, -- owned by Muster: the integration status
    choices            TEXT    NOT NULL, -- JSON list
    max_length         BIGINT  NOT NULL,
    link_collection_id BIGINT  NOT NULL, -- 0 unless the type is link
    currency           TEXT    NOT NULL,
    created_at         BIGINT  NOT NULL,
    UNIQUE (collection_id, name_key)
);

CREATE TABLE record (
    id            INTEGER PRIMARY KEY,
    account_id    BIGINT NOT NULL,
    collection_id BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    title         TEXT   NOT NULL,
    title_key     TEXT NOT NULL,
    fields        TEXT   NOT NULL, -- JSON object: field number -> canonical value
    pinned        TEXT   NOT NULL, -- JSON list of field numbers that the directory may not write
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    archived_at   BIGINT           -- when it was put away; such a record keeps its history
);

CREATE INDEX record_title ON record (collection_id, title_key, id);

CREATE TABLE record_key (
    collection_id BIGINT NOT NULL,
    field_id      BIGINT NOT NULL,
    value_key     TEXT NOT NULL,
    record_id     BIGINT NOT NULL,
    PRIMARY KEY (collection_id, field_id, value_key)
) WITHOUT ROWID;

CREATE TABLE record_history (
    id         INTEGER PRIMARY KEY,
    record_id  BIGINT NOT NULL,
    version    BIGINT NOT NULL, -- the version that the act made
    at         BIGINT NOT NULL,
    actor_kind TEXT   NOT NULL,
    actor_id   BIGINT NOT NULL,
    actor_name TEXT   NOT NULL,
    run_id     BIGINT NOT NULL, -- 0 unless a sync did it
    action     TEXT   NOT NULL,
    note       TEXT   NOT NULL,
    changes    TEXT   NOT NULL  -- JSON: [{field, before, after}]
);

CREATE INDEX record_history_record ON record_history (record_id, id);

CREATE TABLE record_count (
    id            INTEGER PRIMARY KEY,
    collection_id BIGINT NOT NULL,
    records       BIGINT NOT NULL
);

CREATE INDEX record_count_collection ON record_count (collection_id, records);

CREATE TABLE index_note (
    id     INTEGER PRIMARY KEY,
    ranges BLOB NOT NULL -- pairs of numbers, the first and the last of a range
);

CREATE VIRTUAL TABLE record_token USING fts5(tokens, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '_'");

CREATE TABLE 'record_token_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'record_token_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE 'record_token_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);

CREATE TABLE 'record_token_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE attachment (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    record_id  BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    media_type TEXT   NOT NULL,
    size       BIGINT NOT NULL, -- bytes
    sum        BLOB NOT NULL, -- SHA-256
    added_by   TEXT   NOT NULL,
    added_at   BIGINT NOT NULL
);

CREATE INDEX attachment_record ON attachment (record_id, id);

CREATE TABLE attachment_part (
    attachment_id BIGINT NOT NULL,
    seq           BIGINT NOT NULL,
    data          BLOB NOT NULL,
    PRIMARY KEY (attachment_id, seq)
);

CREATE TABLE saved_view (
    id            INTEGER PRIMARY KEY,
    account_id    BIGINT NOT NULL,
    collection_id BIGINT NOT NULL REFERENCES collection (id),
    login_id      BIGINT NOT NULL, -- 0 for everybody
    name          TEXT   NOT NULL, -- '' for how a login always wants the collection
    name_key      TEXT   NOT NULL,
    query         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    UNIQUE (collection_id, login_id, name_key)
);

CREATE TABLE custody (
    id               INTEGER PRIMARY KEY,
    account_id       BIGINT NOT NULL,
    asset_id         BIGINT NOT NULL,
    holder_id        BIGINT NOT NULL,
    checked_out_at   BIGINT NOT NULL,
    checked_out_by   TEXT   NOT NULL,
    due_at           BIGINT,
    note             TEXT   NOT NULL,
    override_reason  TEXT   NOT NULL, -- why somebody who has left was given it all the same
    checked_in_at    BIGINT,
    checked_in_by    TEXT   NOT NULL,
    check_in_note    TEXT   NOT NULL,
    condition        TEXT   NOT NULL,
    written_off      BOOLEAN NOT NULL, -- it did not come back: the asset was given up
    answers          TEXT   NOT NULL, -- JSON: [{question, text}], at check-out; '' for none
    in_answers       TEXT   NOT NULL  -- the same at check-in
);

CREATE UNIQUE INDEX custody_open ON custody (asset_id) WHERE checked_in_at IS NULL;

CREATE INDEX custody_holder ON custody (holder_id, checked_in_at);

CREATE INDEX custody_asset ON custody (asset_id, id);

CREATE INDEX custody_held ON custody (account_id, id) WHERE checked_in_at IS NULL;

CREATE TABLE check_form (
    module_id INTEGER PRIMARY KEY,
    form      TEXT NOT NULL -- JSON
);

CREATE TABLE told (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    holder_id  BIGINT NOT NULL,
    about      TEXT   NOT NULL, -- leaver, overdue
    told       TEXT   NOT NULL, -- whom
    at         BIGINT NOT NULL,
    by_name    TEXT   NOT NULL
);

CREATE INDEX told_holder ON told (holder_id, about, id);

CREATE TABLE login (
    id                INTEGER PRIMARY KEY,
    email             TEXT    NOT NULL,
    email_key         TEXT,            -- NULL once released by a user who is gone (F24)
    name              TEXT    NOT NULL,
    state             TEXT    NOT NULL, -- active, deactivated, invited
    deactivated_by    TEXT    NOT NULL, -- '', sync, hand
    origin            TEXT    NOT NULL, -- local, directory
    break_glass       BOOLEAN NOT NULL,
    password_hash     TEXT    NOT NULL, -- '' when the user has no local password
    tenant_id         TEXT    NOT NULL, -- '' for local users
    object_id         BLOB,
    person_id         BIGINT  NOT NULL, -- the person's record, 0 for none
    version           BIGINT  NOT NULL,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    last_sign_in_at   BIGINT
);

CREATE UNIQUE INDEX login_email ON login (email_key);

CREATE UNIQUE INDEX login_object ON login (tenant_id, object_id) WHERE object_id IS NOT NULL;

CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    token      BLOB NOT NULL UNIQUE,
    login_id   BIGINT NOT NULL REFERENCES login (id),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    address    TEXT   NOT NULL,
    agent      TEXT   NOT NULL
);

CREATE INDEX session_login ON session (login_id);

CREATE TABLE role (
    id          INTEGER PRIMARY KEY,
    account_id  BIGINT NOT NULL, -- 0 for the built-in roles
    module_id   BIGINT NOT NULL, -- 0 for the built-in roles
    name        TEXT   NOT NULL,
    name_key    TEXT   NOT NULL,
    scope       TEXT   NOT NULL, -- organization, account, module
    rank        BIGINT NOT NULL, -- the higher, the more rights
    permissions TEXT   NOT NULL, -- JSON
    UNIQUE (module_id, name_key)
);

CREATE TABLE second_step (
    login_id  INTEGER PRIMARY KEY,
    sealed    BLOB NOT NULL, -- the shared secret
    last_used BIGINT    NOT NULL, -- the time step of the last code that was taken: none is good twice
    since     BIGINT    NOT NULL
);

CREATE TABLE recovery_code (
    login_id BIGINT    NOT NULL,
    code     BLOB NOT NULL,
    PRIMARY KEY (login_id, code)
) WITHOUT ROWID;

CREATE TABLE reset_link (
    login_id   INTEGER PRIMARY KEY,
    token      BLOB NOT NULL UNIQUE,
    expires_at BIGINT    NOT NULL
);

CREATE TABLE role_grant (
    login_id   BIGINT NOT NULL,
    account_id BIGINT NOT NULL, -- 0 for the whole organization
    module_id  BIGINT NOT NULL, -- 0 for the whole account
    mapping_id BIGINT NOT NULL, -- 0 when given by hand
    role_id    BIGINT NOT NULL,
    run_id     BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    granted_by TEXT   NOT NULL, -- the name of who gave it by hand, at the time; else ''
    PRIMARY KEY (login_id, account_id, module_id, mapping_id)
) WITHOUT ROWID;

CREATE INDEX role_grant_role ON role_grant (role_id);

CREATE TABLE audit_event (
    id           INTEGER PRIMARY KEY,
    at           BIGINT NOT NULL,
    account_id   BIGINT NOT NULL, -- 0 for the organization
    module_id    BIGINT NOT NULL, -- 0 for the account as a whole
    actor_kind   TEXT   NOT NULL,
    actor_id     BIGINT NOT NULL,
    actor_name   TEXT   NOT NULL,
    address      TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    subject_kind TEXT   NOT NULL,
    subject_id   BIGINT NOT NULL,
    subject_name TEXT   NOT NULL,
    details      TEXT   NOT NULL, -- JSON: [{name, before, after}]
    chain        BLOB NOT NULL, -- hash over this event and the one before it
    actor_key    TEXT NOT NULL, -- the names as they are searched for
    subject_key  TEXT NOT NULL
);

CREATE INDEX audit_event_at ON audit_event (at, id);

CREATE INDEX audit_event_module ON audit_event (account_id, module_id, at, id);

CREATE INDEX audit_event_account ON audit_event (account_id, at, id);

CREATE INDEX audit_event_actor ON audit_event (actor_key, at, id);

CREATE INDEX audit_event_subject ON audit_event (subject_key, at, id);

CREATE INDEX audit_event_one ON audit_event (subject_kind, subject_id, at, id);

CREATE INDEX audit_event_action ON audit_event (action, at, id);

CREATE TABLE connection (
    id                    INTEGER PRIMARY KEY,
    account_id            BIGINT NOT NULL REFERENCES account (id),
    module_id             BIGINT NOT NULL REFERENCES module (id),
    kind                  TEXT   NOT NULL,
    tenant_id             TEXT   NOT NULL,
    client_id             TEXT   NOT NULL,
    application_object_id TEXT   NOT NULL,
    cloud                 TEXT   NOT NULL,
    login_url             TEXT   NOT NULL,
    graph_url             TEXT   NOT NULL,
    ca_pem                TEXT   NOT NULL,
    credential            TEXT   NOT NULL, -- secret, certificate
    certificate_pem       TEXT   NOT NULL,
    sealed                BLOB NOT NULL, -- the client secret or private key, sealed
    limits                TEXT   NOT NULL, -- JSON
    schedule              TEXT   NOT NULL, -- JSON
    readers               BIGINT NOT NULL,
    checked_at            BIGINT NOT NULL DEFAULT 0, -- the last check with these credentials; 0: none
    check_passed          BOOLEAN NOT NULL DEFAULT FALSE,
    credential_ends       BIGINT NOT NULL DEFAULT 0, -- as the directory told; 0: it did not
    links                 BIGINT NOT NULL DEFAULT 0, -- how many there are, so that a sync without news need not count them
    version               BIGINT NOT NULL,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL, inside BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE (module_id, kind)
);

CREATE TABLE mapping (
    id            INTEGER PRIMARY KEY,
    connection_id BIGINT NOT NULL REFERENCES connection (id),
    position      BIGINT NOT NULL,
    name          TEXT   NOT NULL,
    name_key      TEXT   NOT NULL,
    definition    TEXT   NOT NULL, -- JSON
    version       BIGINT NOT NULL,
    removed_at    BIGINT
);

CREATE UNIQUE INDEX mapping_name ON mapping (connection_id, name_key) WHERE removed_at IS NULL;

CREATE TABLE entry (
    id            INTEGER PRIMARY KEY,
    connection_id BIGINT NOT NULL,
    kind          BIGINT NOT NULL,
    object_id     BLOB NOT NULL,
    version       BIGINT NOT NULL,
    standing      BIGINT NOT NULL,
    missing       BIGINT NOT NULL, -- complete listings in a row without it
    deleted_at    BIGINT NOT NULL, -- 0 when not known
    purge_at      BIGINT NOT NULL, -- 0 when not known
    run_id        BIGINT NOT NULL, -- the run that changed the row
    hash          BLOB,       -- of the document as last listed; NULL after a delta merged into it
    doc           BLOB NOT NULL
);

CREATE UNIQUE INDEX entry_object ON entry (connection_id, object_id);

CREATE INDEX entry_standing ON entry (connection_id, kind, standing);

CREATE TABLE unit (
    id            INTEGER PRIMARY KEY,
    connection_id BIGINT  NOT NULL,
    kind          BIGINT  NOT NULL,
    ref           TEXT    NOT NULL, -- as the mapping names it
    nested        BOOLEAN NOT NULL,
    object_id     BLOB,
    name          TEXT    NOT NULL,
    known         BOOLEAN NOT NULL, -- false: nobody enters or leaves through it
    problem       TEXT    NOT NULL,
    members       BLOB NOT NULL, -- the set of entries, a roaring bitmap
    groups        TEXT    NOT NULL, -- JSON list of the groups inside, for nested units
    read_at       BIGINT  NOT NULL,
    UNIQUE (connection_id, kind, ref, nested)
);

CREATE TABLE cursor (
    connection_id BIGINT NOT NULL,
    input         TEXT   NOT NULL,
    link          TEXT   NOT NULL,
    taken_at      BIGINT NOT NULL,
    fingerprint   TEXT   NOT NULL, -- of what was selected: another one needs a new round
    PRIMARY KEY (connection_id, input)
);

CREATE TABLE link (
    entry_id      BIGINT NOT NULL,
    target        BIGINT NOT NULL, -- 1 record, 2 login
    collection_id BIGINT NOT NULL, -- 0 for logins
    target_id     BIGINT NOT NULL,
    connection_id BIGINT NOT NULL,
    mapping_id    BIGINT NOT NULL, -- the mapping that made or last moved it
    status        BIGINT NOT NULL,
    status_since  BIGINT NOT NULL,
    run_id        BIGINT NOT NULL,
    put_away      BIGINT NOT NULL, -- the run whose undo took the target back; else 0
    PRIMARY KEY (entry_id, target, collection_id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX link_target ON link (target_id, target);

CREATE INDEX link_left ON link (collection_id, status_since, target_id) WHERE target = 1 AND status >= 2;

CREATE INDEX link_put_away ON link (connection_id) WHERE put_away <> 0;

CREATE TABLE run (
    id            INTEGER PRIMARY KEY,
    connection_id BIGINT NOT NULL,
    mode          TEXT   NOT NULL, -- full, incremental, preview
    asked         TEXT   NOT NULL, -- what started it: hand, schedule, undo
    state         TEXT   NOT NULL,
    stage         TEXT   NOT NULL,
    actor         TEXT   NOT NULL,
    scope         TEXT   NOT NULL, -- JSON: a person or a mapping, when not everything
    configuration TEXT   NOT NULL, -- fingerprint of the mappings it was planned with
    started_at    BIGINT NOT NULL,
    finished_at   BIGINT,
    applied       BIGINT NOT NULL, -- changes up to this number have been applied
    counts        TEXT   NOT NULL, -- JSON
    stats         TEXT   NOT NULL, -- JSON
    notes         TEXT   NOT NULL, -- JSON list of sentences
    error         TEXT   NOT NULL,
    hint          TEXT   NOT NULL
);

CREATE INDEX run_connection ON run (connection_id, id);

CREATE TABLE run_page (
    run_id   BIGINT NOT NULL,
    input    TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    next     TEXT   NOT NULL, -- '' when the input is drained
    seen     BLOB NOT NULL,
    changed  BLOB NOT NULL,
    PRIMARY KEY (run_id, input, seq)
) WITHOUT ROWID;

CREATE TABLE change (
    run_id         BIGINT NOT NULL,
    seq            BIGINT NOT NULL,
    entry_id       BIGINT NOT NULL,
    entry_version  BIGINT NOT NULL,
    target         BIGINT NOT NULL,
    collection_id  BIGINT NOT NULL,
    target_id      BIGINT NOT NULL,
    target_version BIGINT NOT NULL,
    mapping_id     BIGINT NOT NULL,
    verb           BIGINT NOT NULL,
    reason         TEXT   NOT NULL,
    class          BIGINT NOT NULL,
    state          BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    detail         TEXT   NOT NULL, -- JSON: fields, roles, issues; '' when the mirror says it all
    decided_by     TEXT   NOT NULL, -- who approved or dismissed it
    PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;

CREATE INDEX change_entry ON change (entry_id, run_id);

CREATE TABLE outcome (
    connection_id BIGINT NOT NULL,
    entry_id      BIGINT NOT NULL,
    target        BIGINT NOT NULL,
    collection_id BIGINT NOT NULL,
    run_id        BIGINT NOT NULL,
    reason        TEXT   NOT NULL,
    detail        TEXT   NOT NULL,
    retry         BOOLEAN NOT NULL,
    PRIMARY KEY (connection_id, entry_id, target, collection_id)
);

CREATE TABLE pending_reference (
    connection_id BIGINT NOT NULL,
    record_id     BIGINT NOT NULL,
    field_id      BIGINT NOT NULL,
    object_id     BLOB NOT NULL,
    collection_id BIGINT NOT NULL, -- of the linked record
    if_empty      BOOLEAN NOT NULL, -- filled only while the field holds nothing
    PRIMARY KEY (record_id, field_id)
);

CREATE TABLE lease (
    connection_id BIGINT NOT NULL PRIMARY KEY,
    fence         BIGINT NOT NULL, -- grows with each holder; writes of an older one are refused
    holder        TEXT   NOT NULL,
    host          TEXT   NOT NULL,
    pid           BIGINT NOT NULL,
    process_start BIGINT NOT NULL,
    run_id        BIGINT NOT NULL,
    cancelled     BOOLEAN NOT NULL, -- somebody asked the holder to stop
    expires_at    BIGINT NOT NULL
);

CREATE TABLE api_token (
    id         INTEGER PRIMARY KEY,
    token      BLOB NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    scope      TEXT   NOT NULL, -- read, write, everything
    login_id   BIGINT NOT NULL, -- whose rights it has; 0 for a service token
    account_id BIGINT NOT NULL, -- where a service token was made; else 0
    module_id  BIGINT NOT NULL, -- likewise
    role_id    BIGINT NOT NULL, -- of a service token; else 0
    created_by TEXT   NOT NULL, -- the name of who made it, at the time
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL, -- 0 until it is used
    address    TEXT   NOT NULL  -- where it was last used from
);

CREATE INDEX api_token_login ON api_token (login_id);

CREATE INDEX api_token_module ON api_token (module_id);

CREATE TABLE mail_server (
    id          INTEGER PRIMARY KEY,
    host        TEXT   NOT NULL,
    port        BIGINT NOT NULL,
    security    TEXT   NOT NULL, -- tls, starttls, none
    username    TEXT   NOT NULL,
    sealed      BLOB,       -- the password
    sender      TEXT   NOT NULL,
    sender_name TEXT   NOT NULL,
    ca_pem      TEXT   NOT NULL  -- '' for the certificates that the machine trusts
);

CREATE TABLE letter (
    id            INTEGER PRIMARY KEY,
    account_id    BIGINT NOT NULL, -- what it is about; 0 for the organization
    module_id     BIGINT NOT NULL,
    recipient     TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    body          TEXT   NOT NULL, -- plain text; '' once sent, when it held a secret
    secret        BOOLEAN NOT NULL,
    key           TEXT,         -- another letter of the same key is the same letter
    state         TEXT   NOT NULL, -- queued, sent, failed
    attempts      BIGINT NOT NULL,
    next_at       BIGINT NOT NULL, -- of a queued one: not before; while a process sends it, until when it is that one's
    error         TEXT   NOT NULL, -- of the last attempt
    created_at    BIGINT NOT NULL,
    done_at       BIGINT NOT NULL  -- when it was sent or given up; 0 before
);

CREATE UNIQUE INDEX letter_key ON letter (key) WHERE key IS NOT NULL;

CREATE INDEX letter_due ON letter (next_at) WHERE state = 'queued';

CREATE TABLE automation (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT  NOT NULL REFERENCES account (id),
    module_id  BIGINT  NOT NULL REFERENCES module (id),
    name       TEXT    NOT NULL,
    name_key   TEXT    NOT NULL,
    enabled    BOOLEAN NOT NULL,
    ready      TEXT    NOT NULL, -- the ready-made one it began as; '' for others
    kind       TEXT    NOT NULL, -- of its trigger
    definition TEXT    NOT NULL, -- JSON: trigger, conditions, actions, limits
    version    BIGINT  NOT NULL,
    next_at    BIGINT,           -- of a schedule: when it comes round; NULL when it does not
    looked_at  BIGINT,           -- up to when the calendar was looked through; NULL for not yet
    fired_at   BIGINT,           -- when it last had something to do
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    UNIQUE (module_id, name_key)
);

CREATE INDEX automation_kind ON automation (module_id, kind);

CREATE TABLE automation_ready (
    module_id INTEGER PRIMARY KEY,
    at        BIGINT NOT NULL
);

CREATE TABLE automation_event (
    id         INTEGER PRIMARY KEY,
    module_id  BIGINT NOT NULL,
    document   TEXT   NOT NULL -- JSON
);

CREATE TABLE automation_chain (
    connection_id INTEGER PRIMARY KEY,
    chain         TEXT NOT NULL -- JSON
);

CREATE TABLE automation_firing (
    id            INTEGER PRIMARY KEY,
    automation_id BIGINT NOT NULL,
    cause_key     TEXT   NOT NULL, -- the cause, told apart from others: the same one fires once
    at            BIGINT NOT NULL,
    cause         TEXT   NOT NULL, -- a sentence
    subjects      TEXT   NOT NULL, -- JSON
    chain         TEXT   NOT NULL, -- JSON: the automations that led to it
    stopped       TEXT   NOT NULL, -- why nothing was done; '' otherwise
    UNIQUE (automation_id, cause_key)
);

CREATE INDEX automation_firing_log ON automation_firing (automation_id, id);

CREATE TABLE automation_act (
    id            INTEGER PRIMARY KEY,
    firing_id     BIGINT NOT NULL,
    automation_id BIGINT NOT NULL,
    seq           BIGINT NOT NULL, -- which of the automation's actions
    state         TEXT   NOT NULL, -- waiting, done, failed, given up
    due_at        BIGINT NOT NULL, -- when it is done, or tried again
    attempts      BIGINT NOT NULL,
    sent          BIGINT NOT NULL, -- messages that left
    done_at       BIGINT,
    outcome       TEXT   NOT NULL  -- a sentence
);

CREATE INDEX automation_act_due ON automation_act (due_at) WHERE state = 'waiting';

CREATE INDEX automation_act_firing ON automation_act (firing_id, seq);

CREATE INDEX automation_act_sent ON automation_act (automation_id, done_at);

CREATE INDEX custody_due ON custody (account_id, due_at) WHERE checked_in_at IS NULL AND due_at IS NOT NULL;

CREATE TABLE kept_answer (
    key        BLOB NOT NULL PRIMARY KEY, -- of who asks and the key they gave, as a hash
    request    BLOB NOT NULL,             -- a hash of what is asked for
    created_at BIGINT    NOT NULL,
    status     BIGINT    NOT NULL,             -- 0 while there is no answer yet
    header     TEXT      NOT NULL,
    body       BLOB NOT NULL
);

CREATE INDEX kept_answer_age ON kept_answer (created_at);

CREATE TABLE job (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL, -- what it is about, such as the number of a connection; ''
    state       TEXT    NOT NULL, -- waiting, running, done, failed, cancelled
    due_at      BIGINT  NOT NULL, -- waiting: not before
    attempt     BIGINT  NOT NULL, -- how often it was begun
    worker      TEXT    NOT NULL, -- the server that does it, or did it last; '' before
    beat        BIGINT  NOT NULL, -- grows while its worker is at it
    stopping    BOOLEAN NOT NULL, -- running: somebody asked for its end
    created_at  BIGINT  NOT NULL,
    started_at  BIGINT  NOT NULL, -- 0 before
    finished_at BIGINT  NOT NULL, -- 0 before
    error       TEXT    NOT NULL, -- of the last attempt
    hint        TEXT    NOT NULL
);

CREATE UNIQUE INDEX job_open ON job (kind, subject) WHERE state IN ('waiting', 'running');

CREATE INDEX job_due ON job (due_at) WHERE state = 'waiting';

CREATE INDEX job_finished ON job (finished_at) WHERE finished_at > 0;

CREATE TABLE upload (
    id            TEXT    NOT NULL PRIMARY KEY, -- cannot be guessed
    login_id      BIGINT  NOT NULL, -- whose it is; nobody else sees it
    collection_id BIGINT  NOT NULL,
    name          TEXT    NOT NULL, -- of the file
    encoding      TEXT    NOT NULL,
    size          BIGINT  NOT NULL, -- bytes
    standing      TEXT    NOT NULL, -- JSON: columns, how they are matched, and the last reading
    reader        TEXT    NOT NULL, -- who reads it; '' for nobody
    beat_at       BIGINT  NOT NULL, -- the last sign of life of the reader
    stopping      BOOLEAN NOT NULL, -- somebody asked for the end of the reading
    used_at       BIGINT  NOT NULL
);

CREATE INDEX upload_whose ON upload (login_id, collection_id);

CREATE INDEX upload_used ON upload (used_at);

CREATE TABLE upload_part (
    upload_id TEXT      NOT NULL,
    file      BIGINT    NOT NULL, -- 0 as it was received, 1 the rows that were set aside
    seq       BIGINT    NOT NULL,
    data      BLOB NOT NULL,
    PRIMARY KEY (upload_id, file, seq)
);

CREATE TABLE attempt (
    key      BLOB NOT NULL PRIMARY KEY, -- a hash of what it is about
    failures BIGINT    NOT NULL,
    last_at  BIGINT    NOT NULL              -- the last of them; forgotten an hour later
);

CREATE INDEX attempt_age ON attempt (last_at);
