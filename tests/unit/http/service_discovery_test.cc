#include "server/http/service_discovery.h"

#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

#include "server/http/index_page.h"

namespace memsim {
namespace {

MachineInfo Named(const std::string& tenant, const std::string& machine) {
  MachineInfo info;
  info.name = {tenant, machine};
  return info;
}

// What a JSON parser that is not ours makes of the text.
google::protobuf::ListValue Parse(const std::string& json) {
  google::protobuf::ListValue list;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &list);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json;
  return list;
}

TEST(ServiceDiscoveryTest, WithoutMachinesTheListIsEmptyAndStillJson) {
  EXPECT_EQ(Parse(RenderTargets({}, "127.0.0.1:7680")).values_size(), 0);
}

TEST(ServiceDiscoveryTest, EveryMachineIsATargetGroupWithItsPathAndLabels) {
  const google::protobuf::ListValue list =
      Parse(RenderTargets({Named("acme", "web"), Named(kDefaultTenant, "demo")}, "host:1"));
  ASSERT_EQ(list.values_size(), 2);
  const auto& acme = list.values(0).struct_value().fields();
  ASSERT_EQ(acme.at("targets").list_value().values_size(), 1);
  EXPECT_EQ(acme.at("targets").list_value().values(0).string_value(), "host:1");
  const auto& acme_labels = acme.at("labels").struct_value().fields();
  EXPECT_EQ(acme_labels.size(), 3U);
  EXPECT_EQ(acme_labels.at("__metrics_path__").string_value(), "/machines/tenants/acme/machines/web/metrics");
  EXPECT_EQ(acme_labels.at("machine").string_value(), "web");
  EXPECT_EQ(acme_labels.at("tenant").string_value(), "acme");
  const auto& demo_labels = list.values(1).struct_value().fields().at("labels").struct_value().fields();
  EXPECT_EQ(demo_labels.at("__metrics_path__").string_value(), "/machines/demo/metrics");
  EXPECT_EQ(demo_labels.at("tenant").string_value(), "default");
}

TEST(ServiceDiscoveryTest, WhateverTheAddressHoldsTheTextStaysJson) {
  const std::string address = "a\"b\\c\n\x01";
  const google::protobuf::ListValue list = Parse(RenderTargets({Named("t", "m")}, address));
  EXPECT_EQ(list.values(0).struct_value().fields().at("targets").list_value().values(0).string_value(), address);
}

TEST(IndexPageTest, EveryMachineGivenIsALinkAndTheOthersAreCounted) {
  const std::string html = RenderIndexPage({Named("default", "demo"), Named("acme", "web")}, 5);
  EXPECT_NE(html.find("<a href=\"/machines/demo/metrics\">tenants/default/machines/demo</a>"), std::string::npos);
  EXPECT_NE(html.find("<a href=\"/machines/tenants/acme/machines/web/metrics\">"), std::string::npos);
  EXPECT_NE(html.find("Machines: 5"), std::string::npos);
  EXPECT_NE(html.find("and 3 more"), std::string::npos);
  EXPECT_EQ(RenderIndexPage({Named("default", "demo")}, 1).find("more"), std::string::npos);
}

}  // namespace
}  // namespace memsim
