//! What a month costs: unit prices, a user's day, and the units that its operations were measured to take. Renders the
//! tables of `infra/README.md`, each between its marks.

use std::fmt::Write as _;

use ::tests::meter::Cost;

use crate::operations::Measured;

/// Days of a month.
const DAYS: f64 = 30.0;
const MILLION: f64 = 1e6;

/// A price of AWS's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Price {
    /// For what.
    what: &'static str,
    /// Dollars for `per` of it, and from which amount a month on how many: the tiers in their order.
    tiers: &'static [(f64, f64)],
    /// So much of it has that price.
    per: f64,
    /// What `per` of it is called.
    unit: &'static str,
    /// So much a month is free, for good.
    free: f64,
}

const fn price(
    what: &'static str,
    dollars: &'static [(f64, f64)],
    per: f64,
    unit: &'static str,
    free: f64,
) -> Price {
    Price { what, tiers: dollars, per, unit, free }
}

/// Inputs, of us-east-1, as of 2026-11.
const HTTP: Price =
    price("API Gateway, HTTP request (each 512 KB)", &[(0.0, 1.0), (3e8, 0.9)], MILLION, "million", 0.0);
const FRAMES: Price = price(
    "API Gateway, WebSocket message (each 32 KB), in or out",
    &[(0.0, 1.0), (1e9, 0.8)],
    MILLION,
    "million",
    0.0,
);
const MINUTES: Price = price("API Gateway, connection minute", &[(0.0, 0.25)], MILLION, "million", 0.0);
const INVOCATIONS: Price = price("Lambda, request", &[(0.0, 0.2)], MILLION, "million", MILLION);
const GB_SECONDS: Price = price("Lambda, arm64 GB-second", &[(0.0, 13.3334)], MILLION, "million", 4e5);
const READS: Price =
    price("DynamoDB, read request unit (on demand)", &[(0.0, 0.125)], MILLION, "million", 0.0);
const WRITES: Price =
    price("DynamoDB, write request unit (on demand)", &[(0.0, 0.625)], MILLION, "million", 0.0);
const STORAGE: Price = price("DynamoDB, storage", &[(0.0, 0.25)], 1.0, "GB-month", 25.0);
const PITR: Price = price("DynamoDB, PITR", &[(0.0, 0.2)], 1.0, "GB-month", 0.0);
const LOGS: Price = price("CloudWatch, logs taken in", &[(0.0, 0.5)], 1.0, "GB", 5.0);
const LOGS_KEPT: Price = price("CloudWatch, logs kept", &[(0.0, 0.03)], 1.0, "GB-month", 5.0);
const DATA_OUT: Price = price("data out to the internet", &[(0.0, 0.09)], 1.0, "GB", 100.0);
const MAILS: Price = price("SES, mail", &[(0.0, 0.1)], 1e3, "thousand", 0.0);
const KMS: Price = price("KMS, request", &[(0.0, 0.03)], 1e4, "ten thousand", 2e4);
const SQS: Price = price("SQS, request (each 64 KB), FIFO", &[(0.0, 0.5)], MILLION, "million", MILLION);

const PRICES: [Price; 15] = [
    HTTP,
    FRAMES,
    MINUTES,
    INVOCATIONS,
    GB_SECONDS,
    READS,
    WRITES,
    STORAGE,
    PITR,
    LOGS,
    LOGS_KEPT,
    DATA_OUT,
    MAILS,
    KMS,
    SQS,
];

impl Price {
    /// What so much a month costs, beyond what is free. Tiers count what is paid for.
    fn of(&self, amount: f64) -> f64 {
        let paid = (amount - self.free).max(0.0);
        let ends = self.tiers.iter().skip(1).map(|(from, _)| *from).chain([f64::INFINITY]);
        self.tiers
            .iter()
            .zip(ends)
            .map(|((from, dollars), end)| (paid.min(end) - from).max(0.0) / self.per * dollars)
            .sum()
    }
}

/// An invocation: seconds, with so many GB of memory. An assumption, not measured on AWS.
const SECONDS: f64 = 0.015;
const MEMORY_GB: f64 = 0.25;

/// What an operation's units cost in dollars, a million times.
pub(crate) fn dollars_per_million(units: &Cost) -> f64 {
    READS.of(units.read * MILLION) + WRITES.of(units.write * MILLION)
}

/// Something that a user does every day.
struct Habit {
    what: &'static str,
    /// How often.
    times: f64,
    /// Its rows in the table of operations, which it is the sum of.
    measured: &'static [&'static str],
    /// Write units beside those measured: counting messages for the limit, which the measured stack does not do.
    counted: f64,
    /// Requests over HTTP each time, frames sent over the socket, invocations.
    http: f64,
    frames_in: f64,
    invocations: f64,
}

const fn habit(what: &'static str, times: f64, measured: &'static [&'static str]) -> Habit {
    Habit { what, times, measured, counted: 0.0, http: 1.0, frames_in: 0.0, invocations: 1.0 }
}

/// A user's day: 2 hours online in 4 sockets, with 3 pings each; 20 messages to direct chats and 5 to rooms of 10.
const DAY: [Habit; 8] = [
    Habit { counted: 1.0, ..habit("direct message with a key", 20.0, &["send 512 B with Idempotency-Key"]) },
    Habit {
        counted: 1.0,
        http: 0.0,
        frames_in: 1.0,
        ..habit("message to a room of 10, over the socket", 5.0, &["frame to a room of 10, 512 B"])
    },
    habit("list of unread chats, 20 of them", 5.0, &["GET /chats/unread, 20 chats"]),
    habit("history, 50 rows", 20.0, &["GET /chats/{chat_id}, 50 rows"]),
    habit("mark as read", 20.0, &["POST /chats/read"]),
    Habit { http: 0.0, ..habit("socket opens", 4.0, &["$connect with a token, first socket"]) },
    Habit { http: 0.0, ..habit("socket ends", 4.0, &["$disconnect, last socket of a user"]) },
    Habit { http: 0.0, frames_in: 1.0, ..habit("ping", 12.0, &["ping"]) },
];

/// Minutes online a day.
const ONLINE_MINUTES: f64 = 120.0;
/// The share of receivers who are online while somebody writes.
const LISTENING: f64 = 0.3;
/// Frames out a day: a direct message to its sender and one receiver, a room's to its sender and nine, an answer to each
/// ping.
const FRAMES_OUT: f64 = 20.0 * (1.0 + LISTENING) + 5.0 * (1.0 + 9.0 * LISTENING) + 12.0;
/// Messages stored a day, and GB of each.
const MESSAGES: f64 = 25.0;
const MESSAGE_GB: f64 = 0.8e-6;
/// GB that a user takes beside messages.
const USER_GB: f64 = 30e-6;
/// GB of an answer and of a frame, which go out; GB of a line of the functions' log and of the access log.
const ANSWER_GB: f64 = 3e-6;
const FRAME_GB: f64 = 0.7e-6;
const LINE_GB: f64 = 1.2e-6;
const ACCESS_LINE_GB: f64 = 0.25e-6;
/// What kept logs are compressed to, as AWS reckons.
const COMPRESSED: f64 = 0.15;
/// Mails a user and month: one new account for each 20 users.
const NEW_ACCOUNTS: f64 = 0.05;
/// Requests a month of Lambda's polling of two empty queues, by five pollers at worst.
const POLLS: f64 = 1.296e6;

/// A month of so many users, after a year of history.
struct Month {
    users: f64,
    /// KMS requests: a key is fetched every 5 minutes for each table by each function, or by each connection of so many
    /// instances as run at once. Reckoned.
    kms: f64,
}

const MONTHS: [Month; 2] = [Month { users: 1e3, kms: 0.18e6 }, Month { users: 1e6, kms: 12.1e6 }];

/// A user's day in units: read, write, requests, frames in, invocations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Day {
    read: f64,
    write: f64,
    http: f64,
    frames_in: f64,
    invocations: f64,
}

/// The measured cost of an operation, with what finds sockets.
fn measured(operations: &[Measured], names: &[&str]) -> Cost {
    let calls = names.iter().flat_map(|name| {
        let found = operations.iter().find(|measured| measured.name == *name);
        &found.unwrap_or_else(|| panic!("{name:?} was not measured")).calls
    });
    Cost::of(calls)
}

fn day(operations: &[Measured]) -> Day {
    DAY.iter().fold(Day::default(), |sum, habit| {
        let cost = measured(operations, habit.measured);
        Day {
            read: sum.read + habit.times * cost.read,
            write: sum.write + habit.times * (cost.write + habit.counted),
            http: sum.http + habit.times * habit.http,
            frames_in: sum.frames_in + habit.times * habit.frames_in,
            invocations: sum.invocations + habit.times * habit.invocations,
        }
    })
}

/// The lines of a month: what, how much, dollars.
fn lines(day: &Day, Month { users, kms }: &Month) -> Vec<(&'static str, f64, &'static str, f64)> {
    let month = |a_day: f64| a_day * DAYS * users;
    let (http, invocations) = (month(day.http), month(day.invocations));
    let frames_out = month(FRAMES_OUT);
    let stored = users * (12.0 * DAYS * MESSAGES * MESSAGE_GB + USER_GB);
    let logs = invocations * LINE_GB + http * ACCESS_LINE_GB;
    let out = http * ANSWER_GB + frames_out * FRAME_GB;
    let line =
        |what, price: Price, amount: f64, scale: f64, unit| (what, amount / scale, unit, price.of(amount));
    vec![
        line("HTTP requests", HTTP, http, MILLION, "million"),
        line("WebSocket messages", FRAMES, month(day.frames_in) + frames_out, MILLION, "million"),
        line("connection minutes", MINUTES, month(ONLINE_MINUTES), MILLION, "million"),
        line("Lambda requests", INVOCATIONS, invocations, MILLION, "million"),
        line("Lambda GB-seconds", GB_SECONDS, invocations * SECONDS * MEMORY_GB, MILLION, "million"),
        line("read units", READS, month(day.read), MILLION, "million"),
        line("write units", WRITES, month(day.write), MILLION, "million"),
        line("storage after a year", STORAGE, stored, 1.0, "GB"),
        line("PITR", PITR, stored, 1.0, "GB"),
        line("logs taken in", LOGS, logs, 1.0, "GB"),
        line("logs kept for 30 days, compressed", LOGS_KEPT, logs * COMPRESSED, 1.0, "GB"),
        line("data out", DATA_OUT, out, 1.0, "GB"),
        line("mails", MAILS, users * NEW_ACCOUNTS, 1e3, "thousand"),
        line("KMS requests", KMS, *kms, MILLION, "million"),
        line("SQS requests: polling, at worst", SQS, POLLS, MILLION, "million"),
    ]
}

/// The tables, each with the name of its marks.
pub(crate) fn tables(operations: &[Measured]) -> [(&'static str, String); 3] {
    [("prices", prices()), ("day", day_table(operations)), ("month", months(operations))]
}

fn prices() -> String {
    let mut table = String::from("| what | dollars | free each month |\n|---|---|---|\n");
    for Price { what, tiers, per: _, unit, free } in PRICES {
        let dollars: Vec<_> = tiers
            .iter()
            .map(|(from, dollars)| match from {
                0.0 => format!("{dollars} a {unit}"),
                from => format!("beyond {} million {dollars}", from / MILLION),
            })
            .collect();
        let free = if free > 0.0 { grouped(free) } else { String::new() };
        let _ = writeln!(table, "| {what} | {} | {free} |", dollars.join(", "));
    }
    table
}

fn day_table(operations: &[Measured]) -> String {
    let mut table = String::from(
        "| operation | a day | read units | write units | of a day: read | write | dollars for a million times |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for Habit { what, times, measured: names, counted, .. } in &DAY {
        let mut cost = measured(operations, names);
        cost.write += counted;
        let (read, write) = (times * cost.read, times * cost.write);
        let dollars = dollars_per_million(&cost);
        let Cost { read: reads, write: writes, .. } = cost;
        let _ =
            writeln!(table, "| {what} | {times} | {reads} | {writes} | {read} | {write} | {dollars:.2} |");
    }
    let Day { read, write, http, frames_in, invocations } = day(operations);
    let _ = writeln!(table, "| **sum** | | | | **{read}** | **{write}** | |");
    let _ = writeln!(
        table,
        "\nThat is {http} HTTP requests, {frames_in} frames in, {FRAMES_OUT} frames out, {ONLINE_MINUTES} connection minutes, \
         {invocations} invocations\nand {MESSAGES} stored messages a day."
    );
    table
}

fn months(operations: &[Measured]) -> String {
    let day = day(operations);
    let [few, many] = MONTHS.each_ref().map(|month| lines(&day, month));
    let mut table = String::from(
        "| what | 1,000 users | dollars | 1,000,000 users | dollars |\n|---|---:|---:|---:|---:|\n",
    );
    for ((what, amount, unit, dollars), (_, amounts, _, more)) in few.iter().zip(&many) {
        let (amount, amounts) = (short(*amount), short(*amounts));
        let (dollars, more) = (money(*dollars), money(*more));
        let _ = writeln!(table, "| {what} | {amount} {unit} | {dollars} | {amounts} {unit} | {more} |");
    }
    let [few, many] = [few, many].map(|lines| lines.iter().map(|(.., dollars)| dollars).sum::<f64>());
    let _ = writeln!(
        table,
        "| **sum without presence notices** | | **{}** | | **{}** |",
        money(few),
        money(many)
    );
    let [one, other] = [few / MONTHS[0].users, many / MONTHS[1].users];
    let _ = writeln!(table, "| for each user | | {one:.3} | | {other:.3} |");
    table
}

/// Dollars, with cents where they matter.
fn money(dollars: f64) -> String {
    if dollars < 100.0 { format!("{dollars:.2}") } else { grouped(dollars.round()) }
}

/// An amount with three digits that count.
fn short(amount: f64) -> String {
    match amount {
        amount if amount >= 1_000.0 => grouped(amount.round()),
        amount if amount >= 100.0 => format!("{amount:.0}"),
        amount if amount >= 10.0 => format!("{amount:.1}"),
        amount => format!("{amount:.2}"),
    }
}

/// A whole number with commas between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let places = digits.len();
    let separated = digits.chars().enumerate().flat_map(|(place, digit)| {
        let comma = (place > 0 && (places - place).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain([digit])
    });
    separated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_not_paid_and_tiers_count_what_is_paid() {
        assert_eq!(INVOCATIONS.of(9e5), 0.0);
        assert_eq!(INVOCATIONS.of(3e6), 0.4);
        assert_eq!(HTTP.of(3e8), 300.0);
        assert_eq!(HTTP.of(4e8), 390.0);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0.0, 999.0, 1_000.0, 1_234_567.0].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([12.5, 99.999, 100.4, 16_195.2].map(money), ["12.50", "100.00", "100", "16,195"]);
    }
}
