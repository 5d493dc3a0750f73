#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <initializer_list>
#include <vector>

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ParsedCommandLine parse(std::initializer_list<const char*> words) {
  std::vector<const char*> argv{"postern"};
  argv.insert(argv.end(), words.begin(), words.end());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLine, HelpAndVersionGoToStandardOutputAndAreNoMistake) {
  for (const char* word : {"--help", "--version"}) {
    const auto parsed = parse({word});
    EXPECT_FALSE(parsed.options);
    EXPECT_EQ(parsed.exit_status, 0);
    EXPECT_THAT(parsed.out, HasSubstr("ostern"));
    EXPECT_THAT(parsed.err, IsEmpty());
  }
}

TEST(CommandLine, EveryCommandHasHelp) {
  for (const char* command :
       {"serve",  "check",  "test",   "simulate", "explain", "codes",       "doctor", "lines",
        "status", "reload", "reopen", "stop",     "spawn",   "maintenance", "import", "pages",
        "replay", "stats",  "report", "journal",  "log",     "spf",         "metrics"}) {
    const auto parsed = parse({command, "--help"});
    EXPECT_EQ(parsed.exit_status, 0) << command;
    EXPECT_THAT(parsed.out, HasSubstr("--config")) << command;
    EXPECT_THAT(parsed.out, HasSubstr("--root")) << command;
  }
}

TEST(CommandLine, AMistakeGoesToStandardErrorWithTheStatusForWrongUsage) {
  for (const auto& words : {std::initializer_list<const char*>{},
                            {"frobnicate"},
                            {"serve", "--frobnicate"},
                            {"explain", "--admin", "--sender", "x"},
                            {"explain", "-n", "0", "--since", "2d"},
                            {"explain", "--color", "mauve", "x"},
                            {"stats", "--by", "colour"},
                            {"stats", "-n", "0"},
                            {"report"},
                            {"report", "a", "b"},
                            {"replay", "--fail-on", "everything"},
                            {"replay", "--fail-on", "changes,everything"},
                            {"replay", "--examples", "-1"},
                            {"replay", "--verify", "--policy", "new"},
                            {"check", "a", "b"},
                            {"serve", "--config"}}) {
    const auto parsed = parse(words);
    EXPECT_FALSE(parsed.options);
    EXPECT_EQ(parsed.exit_status, 64);
    EXPECT_THAT(parsed.out, IsEmpty());
    EXPECT_FALSE(parsed.err.empty());
  }
}

TEST(CommandLine, WhatIsSimulatedMayGoByTheNamesOfSwaks) {
  const auto parsed = parse({"simulate", "--from", "a@b.example", "--to", "c@d.example", "--to",
                             "e@f.example", "--tls", "--dns", "b.example MX=10 m.example", "-"});
  ASSERT_TRUE(parsed.options) << parsed.err;
  using Told = std::pair<std::string, std::string>;
  EXPECT_THAT(parsed.options->scene,
              ::testing::UnorderedElementsAre(Told("sender", "a@b.example"),
                                              Told("recipient", "c@d.example"),
                                              Told("recipient", "e@f.example"), Told("tls", ""),
                                              Told("dns", "b.example MX=10 m.example")));
  EXPECT_THAT(parsed.options->words, ElementsAre("-"));
}

TEST(CommandLine, StatsAreOfATimeAndByWhatIsWanted) {
  const auto stats = parse({"stats", "--since", "2d", "--until", "2026-11-21", "--by",
                            "sender_domain", "-n", "3", "--journal", "j", "--json"});
  ASSERT_TRUE(stats.options) << stats.err;
  EXPECT_EQ(stats.options->command, Command::stats);
  EXPECT_EQ(stats.options->stats.since, "2d");
  EXPECT_EQ(stats.options->stats.until, "2026-11-21");
  EXPECT_EQ(stats.options->stats.by, StatsBy::sender_domain);
  EXPECT_EQ(stats.options->stats.most, 3U);
  EXPECT_EQ(stats.options->journal, "j");
  EXPECT_EQ(stats.options->format, Format::json);
  EXPECT_EQ(parse({"stats"}).options->stats.by, std::nullopt);
  const auto report = parse({"report", "-", "--since", "1d"});
  ASSERT_TRUE(report.options) << report.err;
  EXPECT_EQ(report.options->command, Command::report);
  EXPECT_THAT(report.options->words, ElementsAre("-"));
}

TEST(CommandLine, WhatIsExplainedMayGoByTwoNames) {
  for (const auto& words :
       {std::initializer_list<const char*>{"explain", "--from", "a@b.example", "--to",
                                           "c@d.example", "--client", "192.0.2.7", "--since", "2d",
                                           "-n", "5", "--color=never"},
        {"explain", "--sender-address", "a@b.example", "--recipient", "c@d.example", "--client",
         "192.0.2.7", "--since", "2d", "--number", "5", "--colour", "never"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(parsed.options) << parsed.err;
    const auto& request = parsed.options->explain;
    EXPECT_EQ(request.sender, "a@b.example");
    EXPECT_EQ(request.recipient, "c@d.example");
    EXPECT_EQ(request.client, "192.0.2.7");
    EXPECT_EQ(request.since, "2d");
    EXPECT_EQ(request.most, 5U);
    EXPECT_EQ(request.colour, Colour::never);
    EXPECT_EQ(request.voice, Voice::help_desk);
    EXPECT_TRUE(request.searches());
  }
  EXPECT_EQ(parse({"explain", "--admin", "x"}).options->explain.voice, Voice::admin);
  EXPECT_EQ(parse({"explain", "--sender", "x"}).options->explain.voice, Voice::sender);
}

TEST(CommandLine, SeveralGatesMayBeGivenInOneWordOrInSeveral) {
  for (const auto& words :
       {std::initializer_list<const char*>{"replay", "--policy", "new", "--fail-on",
                                           "new-rejects,undecided", "--examples", "0"},
        {"replay", "--policy", "new", "--fail-on", "new-rejects", "--fail-on", "undecided",
         "--examples=0"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(parsed.options) << parsed.err;
    const auto& request = parsed.options->replay;
    EXPECT_EQ(request.policy, "new");
    EXPECT_EQ(request.examples, 0U);
    EXPECT_THAT(request.fail_on, ElementsAre("new-rejects", "undecided"));
    EXPECT_FALSE(request.rules_only);
    EXPECT_FALSE(request.verify);
  }
}

TEST(CommandLine, NamesTheCommandThatIsNearest) {
  EXPECT_THAT(parse({"chekc"}).err,
              HasSubstr("there is no command \"chekc\"; did you mean \"check\"?\n"));
  EXPECT_THAT(parse({"--root", "/srv", "frobnicate", "--json"}).err,
              HasSubstr("there is no command \"frobnicate\"\nRun postern --help"));
  EXPECT_THAT(parse({}).err, HasSubstr("is required"));
}

TEST(CommandLine, WhereThePolicyIsMayBeSaidBeforeTheCommand) {
  const auto parsed = parse({"-c", "a.toml", "--root", "/srv", "check"});
  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->command, Command::check);
  EXPECT_EQ(parsed.options->place.config, "a.toml");
  EXPECT_TRUE(parsed.options->place.explicit_config);
  EXPECT_EQ(parsed.options->place.root, "/srv");
}

TEST(CommandLine, ARelativeRootIsAWholePathFromNowOn) {
  const auto root = parse({"lines", "--root", "some/../where"}).options->place.root;
  EXPECT_EQ(root, (std::filesystem::current_path() / "where").string());
}

TEST(CommandLine, TheUsualConfigurationIsBelowTheRootANamedOneIsNot) {
  const auto usual = parse({"serve", "--root", "/srv"});
  ASSERT_TRUE(usual.options);
  EXPECT_EQ(usual.options->place.config, "/etc/postern/postern.toml");
  EXPECT_FALSE(usual.options->place.explicit_config);
  EXPECT_EQ(usual.options->place.root, "/srv");
  const auto named = parse({"check", "--config=conf/postern.toml"});
  ASSERT_TRUE(named.options);
  EXPECT_EQ(named.options->command, Command::check);
  EXPECT_EQ(named.options->place.config, "conf/postern.toml");
  EXPECT_TRUE(named.options->place.explicit_config);
}

TEST(CommandLine, WordsOfAReplyNeedNoQuotes) {
  const auto parsed = parse({"codes", "550", "5.7.26", "--json"});
  ASSERT_TRUE(parsed.options);
  EXPECT_EQ(parsed.options->command, Command::codes);
  EXPECT_EQ(parsed.options->format, Format::json);
  EXPECT_THAT(parsed.options->words, ElementsAre("550", "5.7.26"));
}

TEST(CommandLine, EachCommandTakesItsOwnOptions) {
  const auto serve = parse({"serve", "--user", "postern", "--group", "mail"});
  ASSERT_TRUE(serve.options);
  EXPECT_EQ(serve.options->user, "postern");
  EXPECT_EQ(serve.options->group, "mail");
  const auto doctor = parse({"doctor", "--mta-user", "smmsp", "--postfix-dir", "/srv/postfix"});
  ASSERT_TRUE(doctor.options);
  EXPECT_EQ(doctor.options->mta_user, "smmsp");
  EXPECT_EQ(doctor.options->postfix_directory, "/srv/postfix");
  EXPECT_EQ(parse({"doctor"}).options->mta_user, "") << "found out on the machine";
  const auto spawn = parse({"spawn", "--to", "unix:/run/x"});
  ASSERT_TRUE(spawn.options);
  EXPECT_EQ(spawn.options->to, "unix:/run/x");
}

TEST(CommandLine, MaintenanceTakesAnActionAndItsEnd) {
  const auto on = parse({"maintenance", "on", "--until", "2h", "--reason-text", "New disks.",
                         "--code", "451", "--control", "unix:/run/x"});
  ASSERT_TRUE(on.options) << on.err;
  EXPECT_THAT(on.options->words, ElementsAre("on"));
  EXPECT_EQ(on.options->until, "2h");
  EXPECT_EQ(on.options->reason_text, "New disks.");
  EXPECT_EQ(on.options->reply_code, "451");
  EXPECT_EQ(on.options->control, "unix:/run/x");
  EXPECT_EQ(parse({"maintenance"}).exit_status, 64);
  EXPECT_EQ(parse({"maintenance", "forever"}).exit_status, 64);
  EXPECT_EQ(parse({"maintenance", "on", "--code", "550"}).exit_status, 64);
}

TEST(CommandLine, PagesHaveOneFolder) {
  const auto pages = parse({"pages", "/var/www/why", "--force"});
  ASSERT_TRUE(pages.options) << pages.err;
  EXPECT_EQ(pages.options->command, Command::pages);
  EXPECT_EQ(pages.options->words, std::vector<std::string>{"/var/www/why"});
  EXPECT_TRUE(pages.options->force);
  EXPECT_FALSE(parse({"pages", "why"}).options->force);
  EXPECT_EQ(parse({"pages"}).exit_status, 64);
  EXPECT_EQ(parse({"pages", "one", "two"}).exit_status, 64);
}

TEST(CommandLine, ImportSaysWhatTheFileIsAndWhatItIsAbout) {
  const auto access = parse({"import", "postfix-access", "/etc/postfix/access", "--type", "cidr",
                             "--exact-domains", "--name", "old", "--strict"});
  ASSERT_TRUE(access.options) << access.err;
  const auto& request = access.options->import_request;
  EXPECT_EQ(request.format, importer::Format::postfix_access);
  EXPECT_EQ(request.keys, importer::Keys::sender);
  EXPECT_EQ(request.source, importer::Source::cidr);
  EXPECT_EQ(request.parents, importer::Parents::stand_alone);
  EXPECT_EQ(request.stem, "old");
  EXPECT_TRUE(access.options->strict);
  EXPECT_THAT(access.options->words, ElementsAre("/etc/postfix/access"));
  const auto keys = [](std::initializer_list<const char*> words) {
    const auto parsed = parse(words);
    EXPECT_TRUE(parsed.options) << parsed.err;
    return parsed.options ? parsed.options->import_request.keys : importer::Keys::helo;
  };
  EXPECT_EQ(keys({"import", "postgrey-whitelist", "x"}), importer::Keys::client);
  EXPECT_EQ(keys({"import", "--keys", "recipient", "postgrey-whitelist", "x"}),
            importer::Keys::recipient);
  EXPECT_EQ(parse({"import", "sendmail", "x"}).exit_status, 64);
  EXPECT_EQ(parse({"import", "postfwd"}).exit_status, 64);
}

}  // namespace
}  // namespace postern::cli
