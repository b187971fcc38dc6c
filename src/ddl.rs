//! Reads SQL: what the statements of a file, of a folder of migrations or of a dump make of an empty
//! database.
