--
-- PostgreSQL database dump
--

\restrict DuT9lKbNDetZvB11B30doUet4GDPNObbKKyGdgjQfVTaUVMoDT2CIajk9k6lgs1

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: archive; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA archive;


ALTER SCHEMA archive OWNER TO postgres;

--
-- Name: billing; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA billing;


ALTER SCHEMA billing OWNER TO postgres;

--
-- Name: citext; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;


--
-- Name: EXTENSION citext; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';


--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: State; Type: TYPE; Schema: billing; Owner: postgres
--

CREATE TYPE billing."State" AS ENUM (
);


ALTER TYPE billing."State" OWNER TO postgres;

--
-- Name: Role; Type: TYPE; Schema: public; Owner: postgres
--

CREATE TYPE public."Role" AS ENUM (
    'ADMIN',
    'USER'
);


ALTER TYPE public."Role" OWNER TO postgres;

--
-- Name: email; Type: DOMAIN; Schema: public; Owner: postgres
--

CREATE DOMAIN public.email AS text
	CONSTRAINT email_check CHECK ((VALUE ~~ '%@%'::text));


ALTER DOMAIN public.email OWNER TO postgres;

--
-- Name: mood; Type: TYPE; Schema: public; Owner: postgres
--

CREATE TYPE public.mood AS ENUM (
    'bored',
    'sad',
    'fine',
    'happy',
    'very happy'
);


ALTER TYPE public.mood OWNER TO postgres;

--
-- Name: pair; Type: TYPE; Schema: public; Owner: postgres
--

CREATE TYPE public.pair AS (
	a integer,
	b text
);


ALTER TYPE public.pair OWNER TO postgres;

--
-- Name: touch(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    create table if not exists made_in_a_body (a int);
    new.updated_at := now();
    return new;
end $$;


ALTER FUNCTION public.touch() OWNER TO postgres;

--
-- Name: twice(integer); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.twice(a integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT (a * 2);
END;


ALTER FUNCTION public.twice(a integer) OWNER TO postgres;

--
-- Name: fdw; Type: FOREIGN DATA WRAPPER; Schema: -; Owner: postgres
--

CREATE FOREIGN DATA WRAPPER fdw;


ALTER FOREIGN DATA WRAPPER fdw OWNER TO postgres;

--
-- Name: srv; Type: SERVER; Schema: -; Owner: postgres
--

CREATE SERVER srv FOREIGN DATA WRAPPER fdw;


ALTER SERVER srv OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: new_name; Type: TABLE; Schema: archive; Owner: postgres
--

CREATE TABLE archive.new_name (
    id integer NOT NULL,
    ref integer
);


ALTER TABLE archive.new_name OWNER TO postgres;

--
-- Name: invoices; Type: TABLE; Schema: billing; Owner: postgres
--

CREATE TABLE billing.invoices (
    id uuid NOT NULL,
    number integer,
    user_id integer,
    total numeric(12,2) DEFAULT 0.00 NOT NULL,
    "order" integer,
    "Weird ""Name" text,
    paid_on date DEFAULT CURRENT_DATE
);


ALTER TABLE billing.invoices OWNER TO postgres;

--
-- Name: lines; Type: TABLE; Schema: billing; Owner: postgres
--

CREATE TABLE billing.lines (
    id integer NOT NULL,
    invoice uuid,
    state billing."State",
    m public.mood
);


ALTER TABLE billing.lines OWNER TO postgres;

--
-- Name: lines_id_seq; Type: SEQUENCE; Schema: billing; Owner: postgres
--

CREATE SEQUENCE billing.lines_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE billing.lines_id_seq OWNER TO postgres;

--
-- Name: lines_id_seq; Type: SEQUENCE OWNED BY; Schema: billing; Owner: postgres
--

ALTER SEQUENCE billing.lines_id_seq OWNED BY billing.lines.id;


--
-- Name: numbers; Type: SEQUENCE; Schema: billing; Owner: postgres
--

CREATE SEQUENCE billing.numbers
    AS integer
    START WITH 1000
    INCREMENT BY 5
    MINVALUE 10
    MAXVALUE 5000
    CACHE 20
    CYCLE;


ALTER TABLE billing.numbers OWNER TO postgres;

--
-- Name: numbers; Type: SEQUENCE OWNED BY; Schema: billing; Owner: postgres
--

ALTER SEQUENCE billing.numbers OWNED BY billing.invoices.number;


--
-- Name: Camel; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public."Camel" (
    "Id" integer NOT NULL,
    "userId" integer,
    "ÄÖ" text
);


ALTER TABLE public."Camel" OWNER TO postgres;

--
-- Name: a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c (
    a_very_long_column_name_that_goes_on_and_on_and_on_until_it_is integer NOT NULL,
    another_very_long_column_name_that_goes_on_and_on_until_it_is integer,
    third integer,
    CONSTRAINT a_very_long_table_name_that__another_very_long_column_nam_check CHECK ((another_very_long_column_name_that_goes_on_and_on_until_it_is > 0))
);


ALTER TABLE public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c OWNER TO postgres;

--
-- Name: a_very_long_table_name_that_g_a_very_long_column_name_that__seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.a_very_long_table_name_that_g_a_very_long_column_name_that__seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.a_very_long_table_name_that_g_a_very_long_column_name_that__seq OWNER TO postgres;

--
-- Name: a_very_long_table_name_that_g_a_very_long_column_name_that__seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.a_very_long_table_name_that_g_a_very_long_column_name_that__seq OWNED BY public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c.a_very_long_column_name_that_goes_on_and_on_and_on_until_it_is;


--
-- Name: users; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.users (
    id integer NOT NULL,
    email public.email NOT NULL,
    name character varying(120) DEFAULT ''::character varying,
    "Role" public."Role" DEFAULT 'USER'::public."Role" NOT NULL,
    moods public.mood[] DEFAULT '{}'::public.mood[],
    age integer,
    score numeric(10,2) DEFAULT 0,
    balance numeric DEFAULT '-1.5'::numeric,
    active boolean DEFAULT true NOT NULL,
    settings jsonb DEFAULT '{"a": 1}'::jsonb,
    born date DEFAULT '2000-01-01'::date NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP,
    token uuid DEFAULT gen_random_uuid(),
    tags text[] DEFAULT ARRAY[]::text[] NOT NULL,
    note text COLLATE pg_catalog."C",
    search tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, COALESCE(note, ''::text))) STORED,
    nick public.citext,
    big bigint NOT NULL,
    r real,
    d double precision,
    c character(3),
    cc "char",
    b bit varying(5),
    iv interval day to second(3),
    t time with time zone,
    x xml,
    ip inet,
    middle_name text,
    initial character(1) DEFAULT 'x'::bpchar,
    last_one text,
    CONSTRAINT renamed_check CHECK (((name)::text <> 'it''s; not the end'::text)),
    CONSTRAINT users_age_check CHECK (((age >= 0) AND (age < 150))),
    CONSTRAINT users_big_check CHECK ((big > 0)),
    CONSTRAINT users_check CHECK (((score >= (0)::numeric) OR (balance = ANY (ARRAY[(1)::numeric, (2)::numeric, (3)::numeric])))),
    CONSTRAINT users_check1 CHECK (((big > 0) AND (d > (0)::double precision))),
    CONSTRAINT users_initial_check2 CHECK ((initial ~ '^[A-Z]$'::text))
);
ALTER TABLE ONLY public.users ALTER COLUMN name SET STATISTICS 100;
ALTER TABLE ONLY public.users ALTER COLUMN name SET STORAGE EXTERNAL;

ALTER TABLE ONLY public.users REPLICA IDENTITY FULL;


ALTER TABLE public.users OWNER TO postgres;

--
-- Name: TABLE users; Type: COMMENT; Schema: public; Owner: postgres
--

COMMENT ON TABLE public.users IS 'People; of all kinds';


--
-- Name: active_users; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.active_users AS
 SELECT users.id,
    users.name
   FROM public.users
  WHERE (users.active AND (users.age > 18));


ALTER TABLE public.active_users OWNER TO postgres;

--
-- Name: animals; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.animals (
    id integer NOT NULL,
    name text NOT NULL,
    feet integer DEFAULT 4 NOT NULL,
    CONSTRAINT animals_name_check CHECK ((name <> ''::text))
);


ALTER TABLE public.animals OWNER TO postgres;

--
-- Name: cache; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.cache (
    key text NOT NULL,
    value bytea,
    expires timestamp with time zone DEFAULT (now() + '7 days'::interval)
);


ALTER TABLE public.cache OWNER TO postgres;

--
-- Name: cats; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.cats (
    lives integer DEFAULT 9
)
INHERITS (public.animals);


ALTER TABLE public.cats OWNER TO postgres;

--
-- Name: copy_all; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.copy_all (
    before integer,
    a integer NOT NULL,
    b text,
    c integer,
    d timestamp without time zone,
    after integer,
    CONSTRAINT template_b_check CHECK ((b <> ''::text))
);


ALTER TABLE public.copy_all OWNER TO postgres;

--
-- Name: copy_plain; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.copy_plain (
    a integer NOT NULL,
    b text,
    c integer,
    d timestamp without time zone,
    extra integer
);


ALTER TABLE public.copy_plain OWNER TO postgres;

--
-- Name: counter; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.counter
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.counter OWNER TO postgres;

--
-- Name: down; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.down
    START WITH -1
    INCREMENT BY -1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.down OWNER TO postgres;

--
-- Name: drop_col; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.drop_col (
    a integer,
    c integer,
    CONSTRAINT drop_col_c_check CHECK ((c > 0))
);


ALTER TABLE public.drop_col OWNER TO postgres;

--
-- Name: events; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.events (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL
)
PARTITION BY RANGE (at);


ALTER TABLE public.events OWNER TO postgres;

--
-- Name: events_2022; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.events_2022 (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL
);


ALTER TABLE public.events_2022 OWNER TO postgres;

--
-- Name: events_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.events_id_seq OWNER TO postgres;

--
-- Name: events_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;


--
-- Name: events_2023; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.events_2023 (
    id bigint DEFAULT nextval('public.events_id_seq'::regclass) NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL
);


ALTER TABLE public.events_2023 OWNER TO postgres;

--
-- Name: events_2024; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.events_2024 (
    id bigint DEFAULT nextval('public.events_id_seq'::regclass) NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL
);


ALTER TABLE public.events_2024 OWNER TO postgres;

--
-- Name: events_rest; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.events_rest (
    id bigint DEFAULT nextval('public.events_id_seq'::regclass) NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL
);


ALTER TABLE public.events_rest OWNER TO postgres;

--
-- Name: new_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.new_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.new_seq OWNER TO postgres;

--
-- Name: points_at; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.points_at (
    id integer,
    d integer
);


ALTER TABLE public.points_at OWNER TO postgres;

--
-- Name: posts; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.posts (
    id bigint NOT NULL,
    author integer NOT NULL,
    editor integer,
    slug text NOT NULL,
    lang character(2) DEFAULT 'en'::bpchar NOT NULL,
    body text DEFAULT 'it''s; $1 here'::text,
    meta json DEFAULT '{}'::json,
    parent bigint
);


ALTER TABLE public.posts OWNER TO postgres;

--
-- Name: posts_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.posts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.posts_id_seq
    START WITH 100
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: remote; Type: FOREIGN TABLE; Schema: public; Owner: postgres
--

CREATE FOREIGN TABLE public.remote (
    id integer NOT NULL,
    name text
)
SERVER srv
OPTIONS (
    table_name 'r'
);
ALTER FOREIGN TABLE public.remote ALTER COLUMN name OPTIONS (
    column_name 'n'
);


ALTER FOREIGN TABLE public.remote OWNER TO postgres;

--
-- Name: rename_col; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.rename_col (
    "New A" integer,
    b text,
    CONSTRAINT rename_col_a_check CHECK (("New A" > 0))
);


ALTER TABLE public.rename_col OWNER TO postgres;

--
-- Name: reserve; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.reserve (
    during tsrange,
    room integer
);


ALTER TABLE public.reserve OWNER TO postgres;

--
-- Name: template; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.template (
    a integer DEFAULT 1 NOT NULL,
    b text,
    c integer,
    d timestamp without time zone DEFAULT now(),
    CONSTRAINT template_b_check CHECK ((b <> ''::text))
);


ALTER TABLE public.template OWNER TO postgres;

--
-- Name: totals; Type: MATERIALIZED VIEW; Schema: public; Owner: postgres
--

CREATE MATERIALIZED VIEW public.totals AS
 SELECT u.user_id,
    sum(u.total) AS total
   FROM billing.invoices u
  GROUP BY u.user_id
  WITH NO DATA;


ALTER TABLE public.totals OWNER TO postgres;

--
-- Name: user_posts; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.user_posts AS
 SELECT u.id AS user_id,
    p.slug AS title
   FROM (public.users u
     JOIN public.posts p ON ((p.author = u.id)))
  WHERE (p.lang = ANY (ARRAY['en'::bpchar, 'de'::bpchar]));


ALTER TABLE public.user_posts OWNER TO postgres;

--
-- Name: users_big_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.users ALTER COLUMN big ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_big_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.users_id_seq OWNER TO postgres;

--
-- Name: users_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;


--
-- Name: using_index; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.using_index (
    a integer NOT NULL,
    b integer NOT NULL
);


ALTER TABLE public.using_index OWNER TO postgres;

--
-- Name: events_2023; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2023 FOR VALUES FROM ('2023-01-01 00:00:00+00') TO ('2024-01-01 00:00:00+00');


--
-- Name: events_2024; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2024 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00');


--
-- Name: events_rest; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_rest DEFAULT;


--
-- Name: invoices number; Type: DEFAULT; Schema: billing; Owner: postgres
--

ALTER TABLE ONLY billing.invoices ALTER COLUMN number SET DEFAULT nextval('billing.numbers'::regclass);


--
-- Name: lines id; Type: DEFAULT; Schema: billing; Owner: postgres
--

ALTER TABLE ONLY billing.lines ALTER COLUMN id SET DEFAULT nextval('billing.lines_id_seq'::regclass);


--
-- Name: a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c a_very_long_column_name_that_goes_on_and_on_and_on_until_it_is; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c ALTER COLUMN a_very_long_column_name_that_goes_on_and_on_and_on_until_it_is SET DEFAULT nextval('public.a_very_long_table_name_that_g_a_very_long_column_name_that__seq'::regclass);


--
-- Name: cats feet; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.cats ALTER COLUMN feet SET DEFAULT 4;


--
-- Name: events id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);


--
-- Name: users id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);


--
-- Name: new_name old_name_pkey; Type: CONSTRAINT; Schema: archive; Owner: postgres
--

ALTER TABLE ONLY archive.new_name
    ADD CONSTRAINT old_name_pkey PRIMARY KEY (id);


--
-- Name: invoices invoices_pkey; Type: CONSTRAINT; Schema: billing; Owner: postgres
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);


--
-- Name: Camel Camel_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public."Camel"
    ADD CONSTRAINT "Camel_pkey" PRIMARY KEY ("Id");


--
-- Name: a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c a_very_long_table_name_that_g_another_very_long_column_name_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c
    ADD CONSTRAINT a_very_long_table_name_that_g_another_very_long_column_name_key UNIQUE (another_very_long_column_name_that_goes_on_and_on_until_it_is);


--
-- Name: a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c a_very_long_table_name_that_goes_on_and_on_and_on_until_it_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c
    ADD CONSTRAINT a_very_long_table_name_that_goes_on_and_on_and_on_until_it_pkey PRIMARY KEY (a_very_long_column_name_that_goes_on_and_on_and_on_until_it_is);


--
-- Name: animals animals_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.animals
    ADD CONSTRAINT animals_pkey PRIMARY KEY (id);


--
-- Name: cache cache_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.cache
    ADD CONSTRAINT cache_pkey PRIMARY KEY (key);


--
-- Name: copy_all copy_all_c_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.copy_all
    ADD CONSTRAINT copy_all_c_key UNIQUE (c);


--
-- Name: events_2022 events_2022_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events_2022
    ADD CONSTRAINT events_2022_pkey PRIMARY KEY (id, at);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id, at);


--
-- Name: events_2023 events_2023_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events_2023
    ADD CONSTRAINT events_2023_pkey PRIMARY KEY (id, at);


--
-- Name: events_2024 events_2024_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events_2024
    ADD CONSTRAINT events_2024_pkey PRIMARY KEY (id, at);


--
-- Name: events_rest events_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.events_rest
    ADD CONSTRAINT events_rest_pkey PRIMARY KEY (id, at);


--
-- Name: reserve named_excl; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.reserve
    ADD CONSTRAINT named_excl EXCLUDE USING gist (during WITH =) WHERE ((room > 0));


--
-- Name: posts posts_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);


--
-- Name: posts posts_slug_lang; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_slug_lang UNIQUE NULLS NOT DISTINCT (lang, slug) INCLUDE (author);


--
-- Name: posts posts_slug_lang_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_slug_lang_key UNIQUE (slug, lang);


--
-- Name: rename_col rename_col_a_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.rename_col
    ADD CONSTRAINT rename_col_a_key UNIQUE ("New A");


--
-- Name: reserve reserve_during_excl; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.reserve
    ADD CONSTRAINT reserve_during_excl EXCLUDE USING gist (during WITH &&);


--
-- Name: template template_c_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.template
    ADD CONSTRAINT template_c_key UNIQUE (c);


--
-- Name: using_index ui_b; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.using_index
    ADD CONSTRAINT ui_b UNIQUE (b);


--
-- Name: users users_email_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: using_index using_index_pk; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.using_index
    ADD CONSTRAINT using_index_pk PRIMARY KEY (a);


--
-- Name: new_idx; Type: INDEX; Schema: archive; Owner: postgres
--

CREATE INDEX new_idx ON archive.new_name USING btree (ref);


--
-- Name: lines_invoice_idx; Type: INDEX; Schema: billing; Owner: postgres
--

CREATE INDEX lines_invoice_idx ON billing.lines USING btree (invoice);


--
-- Name: Camel_userId_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX "Camel_userId_idx" ON public."Camel" USING btree ("userId");


--
-- Name: a_very_long_table_name_that_g_another_very_long_column_name_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX a_very_long_table_name_that_g_another_very_long_column_name_idx ON public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c USING btree (another_very_long_column_name_that_goes_on_and_on_until_it_is, third);


--
-- Name: copy_all_b_lower_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX copy_all_b_lower_idx ON public.copy_all USING btree (b, lower(b));


--
-- Name: events_kind_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX events_kind_idx ON ONLY public.events USING btree (kind);


--
-- Name: events_2023_kind_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX events_2023_kind_idx ON public.events_2023 USING btree (kind);


--
-- Name: events_2024_kind_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX events_2024_kind_idx ON public.events_2024 USING btree (kind);


--
-- Name: events_at; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX events_at ON ONLY public.events USING btree (at);


--
-- Name: events_rest_kind_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX events_rest_kind_idx ON public.events_rest USING btree (kind);


--
-- Name: posts_author_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX posts_author_idx ON public.posts USING btree (author) WITH (fillfactor='70');


--
-- Name: rename_col_expr_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX rename_col_expr_idx ON public.rename_col USING btree ((("New A" + 1))) WHERE ("New A" > 5);


--
-- Name: template_b_lower_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX template_b_lower_idx ON public.template USING btree (b, lower(b));


--
-- Name: totals_user_id_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE UNIQUE INDEX totals_user_id_idx ON public.totals USING btree (user_id);


--
-- Name: users_coalesce_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_coalesce_idx ON public.users USING btree (COALESCE(note, 'x'::text));


--
-- Name: users_expr_expr1_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_expr_expr1_idx ON public.users USING btree (((age + 1)), ((age * 2)));


--
-- Name: users_lower_age_upper_lower1_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_lower_age_upper_lower1_idx ON public.users USING btree (lower((name)::text), age DESC NULLS LAST, upper((name)::text), lower(note));


--
-- Name: users_lower_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE UNIQUE INDEX users_lower_idx ON public.users USING btree (lower((name)::text));


--
-- Name: users_name_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_name_idx ON public.users USING btree (name);


--
-- Name: users_name_idx1; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_name_idx1 ON public.users USING btree (name);


--
-- Name: users_name_idx2; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_name_idx2 ON public.users USING btree (name COLLATE "C" text_pattern_ops);


--
-- Name: users_partial; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_partial ON public.users USING btree (created_at) WHERE (active AND (age > 18));


--
-- Name: users_token; Type: INDEX; Schema: public; Owner: postgres
--

CREATE UNIQUE INDEX users_token ON public.users USING btree (token);


--
-- Name: users_token_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_token_idx ON public.users USING hash (token);


--
-- Name: users_token_note; Type: INDEX; Schema: public; Owner: postgres
--

CREATE UNIQUE INDEX users_token_note ON public.users USING btree (token) INCLUDE (note);


--
-- Name: users_trgm; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX users_trgm ON public.users USING gin (name public.gin_trgm_ops);


--
-- Name: events_2023_kind_idx; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2023_kind_idx;


--
-- Name: events_2023_pkey; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2023_pkey;


--
-- Name: events_2024_kind_idx; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_2024_kind_idx;


--
-- Name: events_2024_pkey; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2024_pkey;


--
-- Name: events_rest_kind_idx; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.events_kind_idx ATTACH PARTITION public.events_rest_kind_idx;


--
-- Name: events_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_rest_pkey;


--
-- Name: cache r; Type: RULE; Schema: public; Owner: postgres
--

CREATE RULE r AS
    ON INSERT TO public.cache DO ( SELECT 1 AS "?column?";
 SELECT 2 AS "?column?";
);


--
-- Name: users touch; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch();


--
-- Name: new_name old_name_ref_fkey; Type: FK CONSTRAINT; Schema: archive; Owner: postgres
--

ALTER TABLE ONLY archive.new_name
    ADD CONSTRAINT old_name_ref_fkey FOREIGN KEY (ref) REFERENCES public.users(id);


--
-- Name: invoices invoices_user_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: postgres
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) MATCH FULL;


--
-- Name: lines lines_invoice_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: postgres
--

ALTER TABLE ONLY billing.lines
    ADD CONSTRAINT lines_invoice_fkey FOREIGN KEY (invoice) REFERENCES billing.invoices(id);


--
-- Name: Camel Camel_userId_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public."Camel"
    ADD CONSTRAINT "Camel_userId_fkey" FOREIGN KEY ("userId") REFERENCES public.users(id);


--
-- Name: a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c a_very_long_table_name_that_goes_on_and_on_and_on_un_third_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.a_very_long_table_name_that_goes_on_and_on_and_on_until_it_is_c
    ADD CONSTRAINT a_very_long_table_name_that_goes_on_and_on_and_on_un_third_fkey FOREIGN KEY (third) REFERENCES public.users(id);


--
-- Name: posts posts_author_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: posts posts_author_users; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_author_users FOREIGN KEY (author) REFERENCES public.users(id) ON UPDATE RESTRICT ON DELETE SET DEFAULT NOT VALID;


--
-- Name: posts posts_editor_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_editor_fkey FOREIGN KEY (editor) REFERENCES public.users(id);


--
-- Name: posts posts_editor_named; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_editor_named FOREIGN KEY (editor) REFERENCES public.users(id) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED;


--
-- Name: posts posts_parent_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_parent_fkey FOREIGN KEY (parent) REFERENCES public.posts(id);


--
-- Name: rename_col rename_col_a_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.rename_col
    ADD CONSTRAINT rename_col_a_fkey FOREIGN KEY ("New A") REFERENCES public.users(id);


--
-- Name: users p; Type: POLICY; Schema: public; Owner: postgres
--

CREATE POLICY p ON public.users USING (true);


--
-- Name: users; Type: ROW SECURITY; Schema: public; Owner: postgres
--

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

--
-- Name: TABLE users; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT ON TABLE public.users TO PUBLIC;


--
-- PostgreSQL database dump complete
--

\unrestrict DuT9lKbNDetZvB11B30doUet4GDPNObbKKyGdgjQfVTaUVMoDT2CIajk9k6lgs1

