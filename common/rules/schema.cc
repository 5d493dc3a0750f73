#include "rules/schema.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

constexpr auto reload = Change::on_reload;
constexpr auto restart = Change::on_restart;
constexpr auto built = Availability::built;
constexpr auto later = Availability::later;

// Limits of limits: the deadline must end before the MTA's patience. Postfix's
// milter_command_timeout is 30s (postconf(5)) and must leave time for the answer's way back.
constexpr std::int64_t longest_deadline = 25'000;
constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t longest_keeping = 3650 * day;
// A segment has an index and a place in lists; from 64 KiB on it is worth them.
constexpr std::int64_t least_segment_size = 65'536;
constexpr std::int64_t least_total_size = 1'048'576;
constexpr std::int64_t largest_size = std::int64_t{1} << 50;
constexpr std::int64_t largest_cache = std::int64_t{1} << 33;

constexpr std::array keys{
    SchemaKey{"include", KeyType::texts, "", 0, 0, "[]",
              "Further files with rules and tables; names may hold * and ? in their last part.",
              "0.1", reload, built},

    SchemaKey{"identity", KeyType::table, "", 0, 0, "", "Who we are in replies.", "0.1", reload,
              built},
    SchemaKey{"identity.host", KeyType::host_name, "", 0, 0, "",
              "The name of this mail server in replies; required.", "0.1", reload, built},
    SchemaKey{"identity.authserv_id", KeyType::host_names, "", 0, 0, "",
              "Our name in Authentication-Results; further ones are removed from arriving mail; "
              "identity.host when not given.",
              "0.1", reload, built},
    SchemaKey{"identity.contact", KeyType::mail_address, "", 0, 0, "",
              "Whom a refused sender may ask; shown in replies where there is room.", "0.1", reload,
              built},
    SchemaKey{"identity.help", KeyType::help_url, "", 0, 0, "",
              "A page of yours about refusals; {reason} and {ref} are filled in.", "0.1", reload,
              built},

    SchemaKey{"listen", KeyType::table, "", 0, 0, "", "Where the mail server reaches us.", "0.1",
              restart, built},
    SchemaKey{"listen.milter", KeyType::socket, "", 0, 0, "",
              "The milter's socket; one address, because libmilter has one listening socket.",
              "0.1", restart, built},
    SchemaKey{"listen.policy", KeyType::sockets, "", 0, 0, "",
              "Sockets of the Postfix policy service; one address or a list.", "0.1", restart,
              built},
    SchemaKey{"listen.control", KeyType::local_socket, "", 0, 0, "",
              "The socket of postern status, metrics, reload, reopen and stop; always of mode "
              "0600.",
              "0.1", restart, built},
    SchemaKey{"listen.metrics", KeyType::socket, "", 0, 0, "",
              "Where counts can be fetched, at /metrics in Prometheus' format; nobody listens "
              "unless it is given.",
              "0.1", restart, built},
    SchemaKey{"listen.mode", KeyType::file_mode, "", 0, 0, "\"0660\"",
              "Permissions of the sockets of milter, policy service and metrics.", "0.1", restart,
              built},
    SchemaKey{"listen.owner", KeyType::account, "", 0, 0, "",
              "User who owns those sockets; left as it is when not given.", "0.1", restart, built},
    SchemaKey{"listen.group", KeyType::account, "", 0, 0, "",
              "Group of those sockets, usually the mail server's; left as it is when not given.",
              "0.1", restart, built},
    SchemaKey{"listen.speak", KeyType::choice, "rcpt stage", 0, 0, "\"rcpt\"",
              "When the milter speaks refusals of connect and HELO rules: to the recipient "
              "command, where every client reads them, or at their own stage.",
              "0.1", reload, built},
    SchemaKey{"listen.accept_answer", KeyType::choice, "DUNNO OK", 0, 0, "\"DUNNO\"",
              "What the policy service answers to Postfix for an accept; OK ends the restriction "
              "list and can open a relay.",
              "0.1", reload, built},

    SchemaKey{"limits", KeyType::table, "", 0, 0, "", "Times and amounts.", "0.1", reload, built},
    SchemaKey{"limits.deadline", KeyType::duration, "", 100, longest_deadline, "\"8s\"",
              "Time for one decision; what is missing then counts as unavailable. Must be below "
              "the mail server's own time-out.",
              "0.1", reload, built},
    SchemaKey{"limits.policy_connections", KeyType::count, "", 1, 100'000, "2000",
              "Open connections of the policy service, all its sockets together.", "0.1", restart,
              built},
    SchemaKey{"limits.policy_idle", KeyType::duration, "", 1000, day, "\"10m\"",
              "An idle connection of the policy service is closed after this time.", "0.1", restart,
              built},
    SchemaKey{"limits.delayed_answers", KeyType::count, "", 0, 10'000, "100",
              "Answers that rules may delay at a time, at each door; more go out at once and are "
              "counted.",
              "0.1", reload, built},
    SchemaKey{"limits.journal_queue", KeyType::count, "", 16, 10'000'000, "65536",
              "Decision records that may wait for the disk; more are counted and lost.", "0.1",
              restart, built},

    SchemaKey{"journal", KeyType::table, "", 0, 0, "", "The record of decisions.", "0.1", restart,
              built},
    SchemaKey{"journal.path", KeyType::path, "", 0, 0, "\"/var/log/postern/decisions.jsonl\"",
              "File of the decision records; \"\" for none.", "0.1", restart, built},
    SchemaKey{"journal.accepts", KeyType::choice, "compact full none", 0, 0, "\"compact\"",
              "Records of mail that passes: compact leaves out the rules that said no, which "
              "`postern explain` asks again under the policy of then; none keeps only those in "
              "which a shadow rule said yes or an answer was missing.",
              "0.1", reload, built},
    SchemaKey{
        "journal.accepts_share", KeyType::share, "", 0, 0, "",
        "Of how many messages the passes are recorded, whole messages at a time; all when not "
        "given. What `none` keeps is kept of the others too, and every refusal.",
        "0.1", reload, built},
    SchemaKey{"journal.addresses", KeyType::choice, "full hashed cut", 0, 0, "\"full\"",
              "How mail addresses and login names stand in records and log lines: hashed has a "
              "keyed hash instead of the local part, cut leaves it out.",
              "0.1", reload, built},
    SchemaKey{"journal.addresses_key", KeyType::path, "", 0, 0, "",
              "File of the key of hashed addresses, made when there is none; the journal's path "
              "with \".key\" behind it when not given.",
              "0.1", reload, built},
    SchemaKey{"journal.keep", KeyType::keep_time, "", day, longest_keeping, "\"90d\"",
              "How long records are kept.", "0.1", reload, built},
    SchemaKey{"journal.keep_accepts", KeyType::keep_time, "", day, longest_keeping, "\"14d\"",
              "How long records of mail that passed are kept, if not as long as the others.", "0.1",
              reload, built},
    SchemaKey{"journal.total_size", KeyType::size, "", least_total_size, largest_size, "",
              "Octets that the journal may take with all its segments, policies apart; the oldest "
              "go before their time. Without bound when not given.",
              "0.1", reload, built},
    SchemaKey{"journal.segment_size", KeyType::size, "", least_segment_size, largest_size,
              "\"32MiB\"",
              "The file is closed when it has so many octets, and goes on as a new one.", "0.1",
              reload, built},
    SchemaKey{"journal.segment_age", KeyType::duration, "", 60'000, 31 * day, "\"1d\"",
              "And when a period of this length ends; periods are counted from midnight UTC.",
              "0.1", reload, built},
    SchemaKey{"journal.compress", KeyType::boolean, "", 0, 0, "true",
              "Whether closed segments are compressed (gzip).", "0.1", reload, built},

    SchemaKey{"log", KeyType::table, "", 0, 0, "", "One line per decision in the mail log.", "0.1",
              restart, built},
    SchemaKey{"log.to", KeyType::choice, "auto syslog stderr", 0, 0, "\"auto\"",
              "auto: standard error under a service manager or on a terminal, else syslog.", "0.1",
              restart, built},
    SchemaKey{"log.accepts", KeyType::boolean, "", 0, 0, "true",
              "Whether mail that passes gets a line too; refusals always do.", "0.1", reload,
              built},

    SchemaKey{"run", KeyType::table, "", 0, 0, "", "Whom to run as, when started as root.", "0.1",
              restart, built},
    SchemaKey{"run.user", KeyType::account, "", 0, 0, "",
              "User to change to; required when started as root.", "0.1", restart, built},
    SchemaKey{"run.group", KeyType::account, "", 0, 0, "",
              "Group to change to; the user's own when not given. Never the group root.", "0.1",
              restart, built},

    SchemaKey{"table", KeyType::tables, "", 0, 0, "",
              "Lists that conditions look things up in with `in`.", "0.1", reload, built},
    SchemaKey{"table.*.kind", KeyType::choice, "cidr address domain string pattern map", 0, 0, "",
              "What the entries are; required.", "0.1", reload, built},
    SchemaKey{"table.*.entries", KeyType::entries, "", 0, 0, "",
              "The entries themselves; either this or file.", "0.1", reload, built},
    SchemaKey{"table.*.file", KeyType::path, "", 0, 0, "",
              "A file with the entries; it is watched, and a change comes into force by itself.",
              "0.1", reload, built},
    SchemaKey{"table.*.format", KeyType::choice, "lines hash csv sqlite lmdb", 0, 0, "\"lines\"",
              "Of a file: one entry a line, the text form of a Postfix hash: table, separated "
              "values, an SQLite or an LMDB data base.",
              "0.1", reload, built},
    SchemaKey{"table.*.keys", KeyType::choice, "cidr address domain string pattern", 0, 0,
              "\"string\"", "Of a map, the kind of its keys.", "0.1", reload, built},
    SchemaKey{"table.*.value", KeyType::text, "", 0, 0, "",
              "Of a map, the value of entries that have none of their own.", "0.1", reload, built},
    SchemaKey{"table.*.column", KeyType::text, "", 0, 0, "\"1\"",
              "Of csv, the column of the entry, by number or by its name in the first line.", "0.1",
              reload, built},
    SchemaKey{"table.*.value_column", KeyType::text, "", 0, 0, "",
              "Of csv, the column of a map's value.", "0.1", reload, built},
    SchemaKey{"table.*.until_column", KeyType::text, "", 0, 0, "",
              "Of csv, the column of the last day on which an entry counts, as 2027-01-31.", "0.1",
              reload, built},
    SchemaKey{"table.*.note_column", KeyType::text, "", 0, 0, "",
              "Of csv, the column of a note on the entry.", "0.1", reload, built},
    SchemaKey{"table.*.header", KeyType::boolean, "", 0, 0, "",
              "Of csv, whether the first line holds names; when not given, it does if a column is "
              "named.",
              "0.1", reload, built},
    SchemaKey{"table.*.separator", KeyType::text, "", 0, 0, "\",\"",
              "Of csv, the character between columns.", "0.1", reload, built},
    SchemaKey{"table.*.query", KeyType::text, "", 0, 0, "",
              "Of sqlite, the SELECT whose first column is the entry; further columns may be named "
              "value, until and note.",
              "0.1", reload, built},
    SchemaKey{"table.*.database", KeyType::text, "", 0, 0, "",
              "Of lmdb, the name of the data base in the file; the main one when not given.", "0.1",
              reload, built},
    SchemaKey{
        "table.*.case", KeyType::choice, "ignore exact", 0, 0, "\"ignore\"",
        "Of mail addresses, whether bob@ and Bob@ are one local part (ignore) or two (exact); "
        "postmaster is one in either. Of patterns, whether capital and small letters are alike.",
        "0.1", reload, built},
    SchemaKey{"table.*.delimiter", KeyType::text, "", 0, 0, "\"\"",
              "Of mail addresses, the characters that begin a sub-address, as in Postfix's "
              "recipient_delimiter: with \"+\", an entry bob@ also fits bob+lists@.",
              "0.1", reload, built},

    SchemaKey{"when", KeyType::tables, "", 0, 0, "",
              "Conditions with a name of yours, for rules to use instead of writing them again.",
              "0.1", reload, built},
    SchemaKey{"when.*.is", KeyType::condition, "", 0, 0, "",
              "The condition; it may use others by their names.", "0.1", reload, built},

    SchemaKey{"reason", KeyType::tables, "", 0, 0, "",
              "What you say about a reason of the catalogue, which is NAME, in one place.", "0.1",
              reload, built},
    SchemaKey{"reason.*.text", KeyType::reply_text, "", 0, 0, "",
              "Your own words instead of the catalogue's, for every refusal with this reason.",
              "0.1", reload, built},
    SchemaKey{"reason.*.texts", KeyType::translations, "", 0, 0, "",
              "The same in other languages, in ASCII; a rule chooses one with language.", "0.1",
              reload, built},
    SchemaKey{"reason.*.defer_if_permit", KeyType::boolean, "", 0, 0, "",
              "Whether Postfix is told DEFER_IF_PERMIT, which lets its other restrictions refuse "
              "for good, where the reply is 450; when not given, as the catalogue has it.",
              "0.1", reload, built},

    SchemaKey{"rule", KeyType::table_list, "", 0, 0, "",
              "The rules. Stage by stage, then in file order; the first that says yes decides.",
              "0.1", reload, built},
    SchemaKey{"rule.name", KeyType::text, "", 0, 0, "",
              "What the rule is called in logs, records and explanations; required, unique.", "0.1",
              reload, built},
    SchemaKey{"rule.stage", KeyType::choice,
              "connect helo mail rcpt data end-of-headers end-of-message", 0, 0, "",
              "Where the rule is asked; when not given, as early as its condition and its reason "
              "allow.",
              "0.1", reload, built},
    SchemaKey{"rule.when", KeyType::condition, "", 0, 0, "",
              "The condition; a rule without it says yes to everything.", "0.1", reload, built},
    SchemaKey{"rule.accept", KeyType::choice, "stage message session", 0, 0, "",
              "Accept, and what is settled by it.", "0.1", reload, built},
    SchemaKey{"rule.reject", KeyType::reason, "", 0, 0, "", "Refuse for good, for this reason.",
              "0.1", reload, built},
    SchemaKey{"rule.defer", KeyType::reason, "", 0, 0, "", "Refuse for now, for this reason.",
              "0.1", reload, built},
    SchemaKey{"rule.code", KeyType::reply_form, "", 0, 0, "",
              "Another of the replies that the reason allows.", "0.1", reload, built},
    SchemaKey{"rule.text", KeyType::reply_text, "", 0, 0, "",
              "Your own words for the sender instead of the catalogue's; may name {fields}.", "0.1",
              reload, built},
    SchemaKey{"rule.language", KeyType::text, "", 0, 0, "",
              "Of a refusal without a text, the language of the reason's text: one of its texts.",
              "0.1", reload, built},
    SchemaKey{"rule.mode", KeyType::rule_mode, "", 0, 0, "\"enforce\"",
              "shadow: evaluated and recorded, never acts. A share of 1% to 99%: acts on so many "
              "messages, always the same ones, and on all others as in shadow.",
              "0.1", reload, built},
    SchemaKey{"rule.expires", KeyType::expiry, "", 0, 0, "",
              "The last day on which the rule acts, in UTC, or the time at which it ends; then it "
              "is off.",
              "0.1", reload, built},
    SchemaKey{"rule.unavailable", KeyType::choice, "skip defer match", 0, 0, "\"skip\"",
              "What it means when a fact of the condition cannot be had; match only on accepts.",
              "0.1", reload, built},
    SchemaKey{"rule.quarantine", KeyType::text, "", 0, 0, "",
              "Take the message and hold it in the mail server's queue for inspection; says why.",
              "0.1", reload, built},
    SchemaKey{"rule.discard", KeyType::text, "", 0, 0, "",
              "Take the message and drop it, for this reason; always logged and recorded.", "0.1",
              reload, built},
    SchemaKey{"rule.acknowledge_loss", KeyType::boolean, "", 0, 0, "",
              "That a discard loses mail is known and wanted; it needs true.", "0.1", reload,
              built},
    SchemaKey{"rule.add_header", KeyType::header_field, "", 0, 0, "",
              "Add a header field above the others; its value may name {fields}.", "0.1", reload,
              built},
    SchemaKey{"rule.remove_header", KeyType::header_names, "", 0, 0, "",
              "Remove every header field of the name.", "0.1", reload, built},
    SchemaKey{"rule.authentication_results", KeyType::check_names, "", 0, 0, "",
              "Add an Authentication-Results field with the results of these checks, or auth.",
              "0.1", reload, built},
    SchemaKey{"rule.received_spf", KeyType::check_names, "", 0, 0, "",
              "Add a Received-SPF field for each of these checks.", "0.1", reload, built},
    SchemaKey{"rule.redirect", KeyType::mail_address, "", 0, 0, "",
              "Send the message to this address instead of to its recipients.", "0.1", reload,
              built},
    SchemaKey{"rule.bcc", KeyType::addresses, "", 0, 0, "",
              "Send the message to this address as well.", "0.1", reload, built},
    SchemaKey{"rule.delay", KeyType::duration, "", 100, 15'000, "",
              "Wait so long before the answer; bounded by limits.delayed_answers.", "0.1", reload,
              built},
    SchemaKey{"rule.tag", KeyType::text, "", 0, 0, "", "A word for the record and the log line.",
              "0.1", reload, built},
    SchemaKey{"rule.warn", KeyType::text, "", 0, 0, "",
              "A text for the record and the log line; may name {fields}.", "0.1", reload, built},
    SchemaKey{"rule.score", KeyType::scores, "", 0, 0, "",
              "Add to scores with names of yours, which later rules test as score.NAME.", "0.1",
              reload, built},

    SchemaKey{"dns", KeyType::table, "", 0, 0, "", "How DNS is asked.", "0.1", reload, built},
    SchemaKey{"dns.servers", KeyType::texts, "", 0, 0, "",
              "Addresses of the resolvers, with a port if it is not 53; those of /etc/resolv.conf "
              "when not given.",
              "0.1", reload, built},
    SchemaKey{"dns.trusted", KeyType::texts, "", 0, 0, "[]",
              "Networks of resolvers that are not on this host, from which nobody else can send.",
              "0.1", reload, built},
    SchemaKey{"dns.try_time", KeyType::duration, "", 100, 10'000, "\"1500ms\"",
              "How long one resolver may take before the next is asked.", "0.1", reload, built},
    SchemaKey{"dns.tries", KeyType::count, "", 1, 10, "3",
              "Attempts that a question gets when nobody answers.", "0.1", reload, built},
    SchemaKey{"dns.cache_size", KeyType::size, "", least_total_size, largest_cache, "\"32MiB\"",
              "Memory for answers that are kept.", "0.1", reload, built},
    SchemaKey{"dns.least_ttl", KeyType::duration, "", 1000, 3'600'000, "\"5s\"",
              "An answer is kept so long at least, whatever its TTL.", "0.1", reload, built},
    SchemaKey{"dns.most_ttl", KeyType::duration, "", 1000, 7 * day, "\"1d\"",
              "And so long at most.", "0.1", reload, built},
    SchemaKey{"dns.negative_ttl", KeyType::duration, "", 1000, day, "\"1h\"",
              "That there is no such name or record is kept so long at most (RFC 2308).", "0.1",
              reload, built},
    SchemaKey{"dns.failure_ttl", KeyType::duration, "", 1000, 300'000, "\"5s\"",
              "That there was no answer is kept so long (RFC 9520).", "0.1", reload, built},
    SchemaKey{
        "dns.prefetch", KeyType::boolean, "", 0, 0, "true",
        "Ask what rules will want to know of a client and a sender as soon as they are known.",
        "0.1", reload, built},
    SchemaKey{"geo", KeyType::table, "", 0, 0, "",
              "Local files in MaxMind's format about the addresses of clients.", "0.1", reload,
              built},
    SchemaKey{"geo.country", KeyType::path, "", 0, 0, "",
              "The file that knows their countries, for client.country.", "0.1", reload, built},
    SchemaKey{"geo.asn", KeyType::path, "", 0, 0, "",
              "The file that knows their networks (autonomous systems), for client.asn.", "0.1",
              reload, built},
    SchemaKey{"state", KeyType::table, "", 0, 0, "", "Where counters are kept.", "", restart,
              later},
    SchemaKey{"check", KeyType::tables, "", 0, 0, "",
              "Checks with names of yours, such as block lists, and settings of the others.", "0.1",
              reload, built},
    SchemaKey{"check.*.kind", KeyType::choice, "dnsbl dnswl spf spf_helo helo_check", 0, 0, "",
              "What is checked; required, unless the check is called so.", "0.1", reload, built},
    SchemaKey{"check.*.zone", KeyType::text, "", 0, 0, "",
              "Of a list, the domain below which it is asked; required.", "0.1", reload, built},
    SchemaKey{"check.*.of", KeyType::choice, "client.ip client.name helo sender.domain", 0, 0,
              "\"client.ip\"", "Of a list, what is looked up in it.", "0.1", reload, built},
    SchemaKey{"check.*.listed", KeyType::list_codes, "", 0, 0, "",
              "Of a list, what its codes mean; when not given, 127.0.0.2 to 127.0.0.254 mean "
              "listed.",
              "0.1", reload, built},
    SchemaKey{"check.*.weight", KeyType::weights, "", 0, 0, "",
              "Of a list, what its meanings weigh: NAME.weight in conditions and scores.", "0.1",
              reload, built},
    SchemaKey{"check.*.title", KeyType::text, "", 0, 0, "",
              "Of a list, how replies call it; by its zone when not given.", "0.1", reload, built},
    SchemaKey{
        "check.*.lookup", KeyType::text, "", 0, 0, "",
        "Of a list, the URL of its page about an entry, with {value} for what is listed; shown "
        "in replies.",
        "0.1", reload, built},
    SchemaKey{"check.*.quote", KeyType::boolean, "", 0, 0, "true",
              "Of a dnsbl, whether replies quote what the list says of an entry.", "0.1", reload,
              built},
    SchemaKey{"check.*.ipv6", KeyType::boolean, "", 0, 0, "true",
              "Of a list of addresses, whether it knows IPv6 and is asked about it.", "0.1", reload,
              built},
    SchemaKey{
        "check.*.test_points", KeyType::boolean, "", 0, 0, "true",
        "Of a list, whether it has the test entries of RFC 5782, by which it is tested; without "
        "them nobody sees that it lies.",
        "0.1", reload, built},
    SchemaKey{"check.*.void_lookups", KeyType::count, "", 0, 10, "2",
              "Of SPF, how many lookups may find nothing until the record is in error.", "0.1",
              reload, built},
    SchemaKey{"check.*.ours", KeyType::texts, "", 0, 0, "",
              "Of helo_check, names and addresses that only we may have; identity.host when not "
              "given.",
              "0.1", reload, built},

    SchemaKey{"test", KeyType::table_list, "", 0, 0, "",
              "Tests of the policy, which `postern test` and `postern check` run; a policy whose "
              "tests fail does not come into force.",
              "0.1", reload, built},
    SchemaKey{"test.name", KeyType::text, "", 0, 0, "", "What must hold; required, unique.", "0.1",
              reload, built},
    SchemaKey{"test.stage", KeyType::choice,
              "connect helo mail rcpt data end-of-headers end-of-message", 0, 0, "",
              "Up to where rules are asked; when not given, the first stage at which all that the "
              "test tells is known.",
              "0.1", reload, built},
    SchemaKey{"test.door", KeyType::choice, "milter policy library", 0, 0, "\"milter\"",
              "Through which door the mail server asks.", "0.1", reload, built},
    SchemaKey{"test.time", KeyType::moment, "", 0, 0, "2026-01-01T12:00:00Z",
              "When the mail server asks.", "0.1", reload, built},
    SchemaKey{"test.client", KeyType::table, "", 0, 0, "", "The client; required.", "0.1", reload,
              built},
    SchemaKey{"test.client.ip", KeyType::text, "", 0, 0, "",
              "Its address; required unless the client is local.", "0.1", reload, built},
    SchemaKey{"test.client.port", KeyType::count, "", 0, 65'535, "0", "Its port; 0 is none told.",
              "0.1", reload, built},
    SchemaKey{"test.client.name", KeyType::text, "", 0, 0, "\"\"",
              "Its host name as the mail server has confirmed it; \"\" if it tells none, and DNS "
              "is asked.",
              "0.1", reload, built},
    SchemaKey{"test.client.reverse_name", KeyType::text, "", 0, 0, "",
              "The name that its address has, confirmed or not; `name` when not given.", "0.1",
              reload, built},
    SchemaKey{"test.client.country", KeyType::text, "", 0, 0, "\"unknown\"",
              "The country that the file of [geo] says its address is in, such as \"DE\".", "0.1",
              reload, built},
    SchemaKey{"test.client.asn", KeyType::text, "", 0, 0, "\"unknown\"",
              "The network that it says announces it, such as \"AS64496\".", "0.1", reload, built},
    SchemaKey{"test.client.local", KeyType::boolean, "", 0, 0, "false",
              "Mail handed in on the mail server itself, which has no client.", "0.1", reload,
              built},
    SchemaKey{"test.server", KeyType::table, "", 0, 0, "", "Our side of the connection.", "0.1",
              reload, built},
    SchemaKey{"test.server.ip", KeyType::text, "", 0, 0, "", "Our address.", "0.1", reload, built},
    SchemaKey{"test.server.port", KeyType::count, "", 0, 65'535, "0", "Our port; 0 is none told.",
              "0.1", reload, built},
    SchemaKey{"test.helo", KeyType::text, "", 0, 0, "\"\"", "The name that the client greets with.",
              "0.1", reload, built},
    SchemaKey{"test.extended", KeyType::boolean, "", 0, 0, "true",
              "Whether it greets with EHLO rather than HELO.", "0.1", reload, built},
    SchemaKey{"test.tls", KeyType::session_tls, "", 0, 0, "false",
              "Whether the session is encrypted, and how.", "0.1", reload, built},
    SchemaKey{"test.tls.version", KeyType::text, "", 0, 0, "\"TLSv1.3\"", "The protocol.", "0.1",
              reload, built},
    SchemaKey{"test.tls.cipher", KeyType::text, "", 0, 0, "\"\"", "The cipher.", "0.1", reload,
              built},
    SchemaKey{"test.tls.bits", KeyType::count, "", 0, 65'535, "", "The length of its key in bits.",
              "0.1", reload, built},
    SchemaKey{"test.user", KeyType::text, "", 0, 0, "\"\"", "Who has logged in.", "0.1", reload,
              built},
    SchemaKey{"test.auth_method", KeyType::text, "", 0, 0, "\"\"", "By which method.", "0.1",
              reload, built},
    SchemaKey{"test.sender", KeyType::text, "", 0, 0, "",
              "The envelope sender, \"\" for that of bounces; required from stage mail on.", "0.1",
              reload, built},
    SchemaKey{"test.recipient", KeyType::text, "", 0, 0, "",
              "The recipient; required from stage rcpt on, unless `recipients` are given.", "0.1",
              reload, built},
    SchemaKey{
        "test.recipients", KeyType::texts, "", 0, 0, "",
        "All recipients, for stages behind rcpt; each is decided on first, and those that are "
        "refused are no recipients any more.",
        "0.1", reload, built},
    SchemaKey{"test.recipient_count", KeyType::count, "", 0, 1'000'000, "",
              "How many recipients the mail server counts; those that were not refused when not "
              "given.",
              "0.1", reload, built},
    SchemaKey{"test.declared_size", KeyType::count, "", 0, 1'099'511'627'776, "",
              "Octets that the client announces with MAIL FROM.", "0.1", reload, built},
    SchemaKey{"test.size", KeyType::count, "", 0, 1'099'511'627'776, "",
              "Octets of the message, at its end.", "0.1", reload, built},
    SchemaKey{"test.queue_id", KeyType::text, "", 0, 0, "\"\"", "The mail server's queue id.",
              "0.1", reload, built},
    SchemaKey{"test.macros", KeyType::named_texts, "", 0, 0, "", "Milter macros by their names.",
              "0.1", reload, built},
    SchemaKey{"test.not_told", KeyType::texts, "", 0, 0, "[]",
              "What the mail server does not tell, so that rules on it cannot be answered, such as "
              "\"tls\".",
              "0.1", reload, built},
    SchemaKey{"test.dns", KeyType::dns_answers, "", 0, 0, "",
              "What DNS answers. A value is one record, a list of them, \"NXDOMAIN\", \"SERVFAIL\" "
              "or \"TIMEOUT\"; what is not named does not exist.",
              "0.1", reload, built},
    SchemaKey{"test.dns_file", KeyType::path, "", 0, 0, "",
              "A TOML file of such answers, for several tests; those of `dns` come before it.",
              "0.1", reload, built},
    SchemaKey{"test.tables", KeyType::contents, "", 0, 0, "",
              "What tables hold in this test, in place of their own entries.", "0.1", reload,
              built},
    SchemaKey{"test.counters", KeyType::counters, "", 0, 0, "",
              "What checks have counted before, by the check's name and its key; what is not named "
              "has counted nothing.",
              "0.1", reload, built},
    SchemaKey{"test.expect", KeyType::table, "", 0, 0, "",
              "What must come of it: at least one key; required.", "0.1", reload, built},
    SchemaKey{"test.expect.verdict", KeyType::choice, "pass accept reject defer discard quarantine",
              0, 0, "", "The verdict.", "0.1", reload, built},
    SchemaKey{"test.expect.reply", KeyType::reply_form, "", 0, 0, "",
              "Code and enhanced code of the reply.", "0.1", reload, built},
    SchemaKey{"test.expect.reason", KeyType::reason, "", 0, 0, "", "The reason of the refusal.",
              "0.1", reload, built},
    SchemaKey{"test.expect.rule", KeyType::text, "", 0, 0, "",
              "The rule that decides; \"\" if none does.", "0.1", reload, built},
    SchemaKey{"test.expect.text", KeyType::text, "", 0, 0, "", "A part of what the sender reads.",
              "0.1", reload, built},
    SchemaKey{"test.expect.shadow", KeyType::texts, "", 0, 0, "",
              "The shadow rules that say yes, all of them.", "0.1", reload, built},
    SchemaKey{"test.expect.effects", KeyType::texts, "", 0, 0, "",
              "What is done besides, all of it, such as \"add_header X-Seen: yes\" or \"tag new\".",
              "0.1", reload, built},
    SchemaKey{"test.expect.evidence", KeyType::named_texts, "", 0, 0, "",
              "What conditions find under a name: the value, or a list of those that are accepted.",
              "0.1", reload, built},
};

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds % day == 0) return std::to_string(milliseconds / day) + "d";
  if (milliseconds % 3'600'000 == 0) return std::to_string(milliseconds / 3'600'000) + "h";
  if (milliseconds % 60'000 == 0) return std::to_string(milliseconds / 60'000) + "m";
  if (milliseconds % 1000 == 0) return std::to_string(milliseconds / 1000) + "s";
  return std::to_string(milliseconds) + "ms";
}

std::string size_text(std::int64_t octets) {
  constexpr std::int64_t kibi = 1024;
  if (octets % (kibi * kibi * kibi) == 0) return std::to_string(octets >> 30) + "GiB";
  if (octets % (kibi * kibi) == 0) return std::to_string(octets >> 20) + "MiB";
  if (octets % kibi == 0) return std::to_string(octets >> 10) + "KiB";
  return std::to_string(octets) + "B";
}

}  // namespace

std::string_view describe(KeyType type) noexcept {
  switch (type) {
    case KeyType::table:
      return "a section";
    case KeyType::tables:
      return "sections with names of yours";
    case KeyType::table_list:
      return "a list of sections";
    case KeyType::text:
      return "a string";
    case KeyType::texts:
      return "a list of strings";
    case KeyType::entries:
      return "a list of strings, or of { entry, value, until, note }";
    case KeyType::boolean:
      return "true or false";
    case KeyType::count:
      return "a whole number";
    case KeyType::duration:
      return "a duration such as \"8s\"";
    case KeyType::keep_time:
      return "a duration such as \"90d\", or \"forever\"";
    case KeyType::size:
      return "a size such as \"32MiB\"";
    case KeyType::choice:
      return "one of these words";
    case KeyType::path:
      return "the name of a file";
    case KeyType::file_mode:
      return "permissions such as \"0660\"";
    case KeyType::account:
      return "the name of a user or group";
    case KeyType::host_name:
      return "a host name such as \"mx1.example.org\"";
    case KeyType::host_names:
      return "a host name such as \"mx1.example.org\", or a list of them";
    case KeyType::mail_address:
      return "an address such as \"postmaster@example.org\"";
    case KeyType::help_url:
      return "a URL such as \"https://mail.example.org/why/{reason}#{ref}\"";
    case KeyType::socket:
      return "a listening address such as \"unix:/run/postern/milter.sock\"";
    case KeyType::sockets:
      return "a listening address such as \"inet:127.0.0.1:10044\", or a list of them";
    case KeyType::local_socket:
      return "a local socket such as \"unix:/run/postern/control.sock\"";
    case KeyType::condition:
      return "a condition such as 'client.ip in partners'";
    case KeyType::reason:
      return "a reason such as \"rcpt-unknown\"";
    case KeyType::reply_form:
      return "a code and an enhanced code such as \"550 5.7.1\"";
    case KeyType::reply_text:
      return "a sentence or two";
    case KeyType::rule_mode:
      return "\"enforce\", \"shadow\", or a share such as \"10%\"";
    case KeyType::share:
      return "a share from \"1%\" to \"99%\"";
    case KeyType::expiry:
      return "a day such as \"2027-01-31\", or a time";
    case KeyType::translations:
      return "texts by language such as { de = \"...\" }";
    case KeyType::scores:
      return "numbers by names of yours, as { spam = 2.5 }";
    case KeyType::moment:
      return "a time such as 2026-11-21T12:00:00Z";
    case KeyType::session_tls:
      return "true, or a section";
    case KeyType::dns_answers:
      return "answers such as { \"example.com MX\" = \"10 mail.example.com\" }";
    case KeyType::contents:
      return "entries such as { partners = [\"198.51.100.0/24\"] }";
    case KeyType::counters:
      return "numbers such as { \"per_client 192.0.2.1\" = 41 }";
    case KeyType::named_texts:
      return "names and values such as { \"client.ip\" = \"192.0.2.1\" }";
    case KeyType::header_field:
      return "\"Name: value\", { name, value }, or a list of these";
    case KeyType::header_names:
      return "the name of a header field, or a list of names";
    case KeyType::check_names:
      return "the name of a check such as \"spf\", or a list of names";
    case KeyType::addresses:
      return "an address such as \"archive@example.org\", or a list of them";
    case KeyType::list_codes:
      return "meanings by code such as { \"127.0.0.2-3\" = \"spam\" }";
    case KeyType::weights:
      return "a number, or numbers by meaning such as { spam = 2.5 }";
  }
  return "";
}

std::span<const SchemaKey> all_keys() noexcept { return keys; }

const SchemaKey* find_key(std::string_view path) noexcept {
  const auto* const found = std::find_if(keys.begin(), keys.end(),
                                         [&](const SchemaKey& key) { return key.path == path; });
  return found == keys.end() ? nullptr : found;
}

std::vector<std::string> keys_of(std::string_view section) {
  std::vector<std::string> names;
  for (const auto& key : keys) {
    if (key.availability == later) continue;
    auto path = key.path;
    if (!section.empty()) {
      if (path.size() <= section.size() + 1 || path.substr(0, section.size()) != section ||
          path[section.size()] != '.') {
        continue;
      }
      path.remove_prefix(section.size() + 1);
    }
    if (path.find('.') == std::string_view::npos && path != "*") names.emplace_back(path);
  }
  return names;
}

std::vector<std::string> choices_of(const SchemaKey& key) {
  std::vector<std::string> words;
  for (auto rest = key.choices; !rest.empty();) {
    const auto space = rest.find(' ');
    words.emplace_back(rest.substr(0, space));
    rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  }
  return words;
}

std::string range_text(const SchemaKey& key) {
  if (key.type == KeyType::count) {
    return std::to_string(key.least) + " to " + std::to_string(key.most);
  }
  if (key.type == KeyType::size) return size_text(key.least) + " to " + size_text(key.most);
  const bool is_time = key.type == KeyType::duration || key.type == KeyType::keep_time;
  if (is_time && key.most > 0) {
    return duration_text(key.least) + " to " + duration_text(key.most);
  }
  std::string text;
  const auto words = choices_of(key);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += '"' + words[i] + '"';
  }
  return text;
}

}  // namespace postern
