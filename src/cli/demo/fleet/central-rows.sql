-- 2 orchestras, 3 users. The mail addresses are examples; the URLs lead to the orchestras of the demo.
insert into "Orchestra" ("id", "name", "slug", "databaseUrl") values
    ('orchestra_1', 'SCO Symphony Orchestra', 'sco', '{sco_url}'),
    ('orchestra_2', 'SCO Student Orchestra', 'scoso', '{scoso_url}');
insert into "User" ("id", "email", "passwordHash", "role", "orchestraId") values
    ('user_1', 'root@example.com', 'none', 'superadmin', null),
    ('user_2', 'sco@example.com', 'none', 'admin', 'orchestra_1'),
    ('user_3', 'scoso@example.com', 'none', 'admin', 'orchestra_2');
insert into "Customer" ("id", "orchestraId", "company", "invoiceEmail") values
    ('customer_1', 'orchestra_1', 'SCO', 'invoices@example.com');
insert into "SystemLog" ("id", "message")
    select 'log_' || n, 'login of user_' || 1 + n % 3 from generate_series(1, 20) n;
