//! What goes into a statement: integers, text, bytes, flags, or nothing.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::IsNull;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;
use tokio_postgres::types::WrongType;

/// One value, borrowed from whoever binds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) enum Value<'a> {
    Null,
    Integer(i64),
    /// 0 or 1 in a column.
    Flag(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What can be bound.
pub(in crate::store) trait Bind {
    fn value(&self) -> Value<'_>;
}

impl Bind for i64 {
    fn value(&self) -> Value<'_> {
        Value::Integer(*self)
    }
}

impl Bind for u32 {
    fn value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl Bind for bool {
    fn value(&self) -> Value<'_> {
        Value::Flag(*self)
    }
}

impl Bind for str {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Bind for String {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Bind for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl Bind for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl Bind for Value<'_> {
    fn value(&self) -> Value<'_> {
        *self
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Bind> Bind for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Bind::value)
    }
}

/// What a statement takes: `?1` is the first.
pub(in crate::store) trait Params {
    fn values(&self) -> Vec<Value<'_>>;
}

impl<T: Bind, const N: usize> Params for [T; N] {
    fn values(&self) -> Vec<Value<'_>> {
        self.iter().map(Bind::value).collect()
    }
}

/// Nothing.
impl Params for () {
    fn values(&self) -> Vec<Value<'_>> {
        Vec::new()
    }
}

impl Params for &[Value<'_>] {
    fn values(&self) -> Vec<Value<'_>> {
        self.to_vec()
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Bind),+> Params for ($($name,)+) {
            fn values(&self) -> Vec<Value<'_>> {
                #[expect(non_snake_case, reason = "one name for a type and its value")]
                let ($($name,)+) = self;
                vec![$($name.value()),+]
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);
tuples!(A B C D E F G H I J K L M N O);
tuples!(A B C D E F G H I J K L M N O P);

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::ToSqlOutput;
        use rusqlite::types::ValueRef;
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(it) => ValueRef::Integer(it),
            Self::Flag(it) => ValueRef::Integer(i64::from(it)),
            Self::Text(it) => ValueRef::Text(it.as_bytes()),
            Self::Bytes(it) => ValueRef::Blob(it),
        }))
    }
}

/// The server says which type it wants where the value stands; ours is made to fit.
impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (*self, wanted) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(it), &Type::INT8) => it.to_sql(wanted, out),
            (Self::Integer(it), &Type::INT4) => i32::try_from(it)?.to_sql(wanted, out),
            (Self::Integer(it), &Type::BOOL) => (it != 0).to_sql(wanted, out),
            (Self::Flag(it), &Type::BOOL) => it.to_sql(wanted, out),
            (Self::Flag(it), &Type::INT8) => i64::from(it).to_sql(wanted, out),
            (Self::Flag(it), &Type::INT4) => i32::from(it).to_sql(wanted, out),
            (
                Self::Text(it),
                &Type::TEXT | &Type::VARCHAR | &Type::NAME | &Type::JSON | &Type::UNKNOWN,
            ) => it.to_sql(wanted, out),
            (Self::Bytes(it), &Type::BYTEA) => it.to_sql(wanted, out),
            (other, _) => Err(Box::new(WrongType::new::<Value<'_>>(wanted.clone()))
                as Box<dyn StdError + Sync + Send>)
            .map_err(|error| format!("{other:?}: {error}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}
