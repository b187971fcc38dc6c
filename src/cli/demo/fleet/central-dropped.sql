-- The 4 central tables leave an orchestra's database.
drop table "SystemLog", "Customer", "User", "Orchestra";
