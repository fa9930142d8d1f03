-- The tables of a store of version 1, as the dashboard created them before annotations and teams.
CREATE TABLE website (
    website_id UUID PRIMARY KEY,
    name VARCHAR,
    domain VARCHAR,
    reset_at TIMESTAMP,
    created_at TIMESTAMP,
    updated_at TIMESTAMP,
    deleted_at TIMESTAMP,
    share_id VARCHAR
);
CREATE TABLE session (
    session_id UUID,
    website_id UUID,
    browser VARCHAR,
    os VARCHAR,
    device VARCHAR,
    screen VARCHAR,
    language VARCHAR,
    country VARCHAR,
    region VARCHAR,
    city VARCHAR,
    created_at TIMESTAMP,
    distinct_id VARCHAR
);
CREATE TABLE website_event (
    event_id UUID,
    website_id UUID,
    session_id UUID,
    created_at TIMESTAMP,
    url_path VARCHAR,
    url_query VARCHAR,
    referrer_path VARCHAR,
    referrer_query VARCHAR,
    referrer_domain VARCHAR,
    page_title VARCHAR,
    event_type INTEGER,
    event_name VARCHAR,
    visit_id UUID,
    tag VARCHAR,
    fbclid VARCHAR,
    gclid VARCHAR,
    li_fat_id VARCHAR,
    msclkid VARCHAR,
    ttclid VARCHAR,
    twclid VARCHAR,
    utm_campaign VARCHAR,
    utm_content VARCHAR,
    utm_medium VARCHAR,
    utm_source VARCHAR,
    utm_term VARCHAR,
    hostname VARCHAR
);
CREATE TABLE event_data (
    event_data_id UUID,
    website_id UUID,
    website_event_id UUID,
    data_key VARCHAR,
    string_value VARCHAR,
    number_value DECIMAL(19,4),
    date_value TIMESTAMP,
    data_type INTEGER,
    created_at TIMESTAMP
);
CREATE TABLE session_data (
    session_data_id UUID,
    website_id UUID,
    session_id UUID,
    data_key VARCHAR,
    string_value VARCHAR,
    number_value DECIMAL(19,4),
    date_value TIMESTAMP,
    data_type INTEGER,
    created_at TIMESTAMP,
    distinct_id VARCHAR
);
CREATE TABLE revenue (
    revenue_id UUID,
    website_id UUID,
    session_id UUID,
    event_id UUID,
    event_name VARCHAR,
    currency VARCHAR,
    revenue DECIMAL(19,4),
    created_at TIMESTAMP
);
CREATE TABLE report (
    report_id UUID PRIMARY KEY,
    user_id UUID,
    website_id UUID,
    type VARCHAR,
    name VARCHAR,
    description VARCHAR,
    parameters VARCHAR,
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE segment (
    segment_id UUID PRIMARY KEY,
    website_id UUID,
    type VARCHAR,
    name VARCHAR,
    parameters VARCHAR,
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE umami_store (
    version INTEGER,
    secret BLOB
);
CREATE TABLE umami_imported (
    fingerprint VARCHAR
);
