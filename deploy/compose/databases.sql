-- Run once by the image of PostgreSQL, on an empty volume: a database and a role of its own for each department, and for
-- the keyring. Nobody but its owner gets into any of them.
\getenv password CONTACTS_PASSWORD
CREATE ROLE contacts LOGIN PASSWORD :'password';
CREATE DATABASE contacts OWNER contacts;
REVOKE ALL ON DATABASE contacts FROM PUBLIC;

\getenv password MARKETING_PASSWORD
CREATE ROLE marketing LOGIN PASSWORD :'password';
CREATE DATABASE marketing OWNER marketing;
REVOKE ALL ON DATABASE marketing FROM PUBLIC;

\getenv password SALES_PASSWORD
CREATE ROLE sales LOGIN PASSWORD :'password';
CREATE DATABASE sales OWNER sales;
REVOKE ALL ON DATABASE sales FROM PUBLIC;

\getenv password ANALYTICS_PASSWORD
CREATE ROLE analytics LOGIN PASSWORD :'password';
CREATE DATABASE analytics OWNER analytics;
REVOKE ALL ON DATABASE analytics FROM PUBLIC;

\getenv password KEYRING_PASSWORD
CREATE ROLE keyring LOGIN PASSWORD :'password';
CREATE DATABASE keyring OWNER keyring;
REVOKE ALL ON DATABASE keyring FROM PUBLIC;
