//! What tells a framework: words in the names of instrumentation scopes. What to write in it each detector says.

/// Lower-case words, any of which names the framework.
pub(super) type Words = &'static [&'static str];

pub(super) const SQLALCHEMY: Words = &["sqlalchemy"];
pub(super) const DJANGO: Words = &["django"];
pub(super) const HIBERNATE: Words = &["hibernate", "jpa", "spring-data"];
pub(super) const RAILS: Words = &["active_record", "activerecord", "rails"];
pub(super) const ENTITY_FRAMEWORK: Words = &["entityframework", "efcore"];
pub(super) const PRISMA: Words = &["prisma"];
pub(super) const GORM: Words = &["gorm"];
pub(super) const LARAVEL: Words = &["laravel", "eloquent"];
pub(super) const NODE_ORM: Words = &["sequelize", "typeorm", "mikro"];
pub(super) const NODE_DRIVER: Words = &[
    "instrumentation-pg",
    "instrumentation-mysql",
    "instrumentation-knex",
];
pub(super) const PYTHON_DRIVER: Words = &["psycopg", "asyncpg", "mysqlclient", "pymysql", "dbapi", "sqlite3"];
pub(super) const JDBC: Words = &["jdbc"];
pub(super) const MONGO: Words = &["mongo"];
