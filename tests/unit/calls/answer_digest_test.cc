// Everything that an answer says is in the digest, but for what the header names.

#include "server/calls/answer_digest.h"

#include <set>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string DigestOf(const v1::Answer& answer) {
  Digest digest;
  AddAnswer(answer, digest);
  return digest.ToHex();
}

v1::Answer AnswerOf(const std::string& text) {
  v1::Answer answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &answer)) << text;
  return answer;
}

// Sets a field that is a number, a truth or an enum to 1; whether it was one.
bool SetToOne(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
    reflection.AddUInt64(&message, &field, 1);
    return true;
  }
  if (field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    reflection.AddUInt32(&message, &field, 1);
    return true;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      reflection.SetUInt64(&message, &field, 1);
      return true;
    case FieldDescriptor::CPPTYPE_INT32:
      reflection.SetInt32(&message, &field, 1);
      return true;
    case FieldDescriptor::CPPTYPE_UINT32:
      reflection.SetUInt32(&message, &field, 1);
      return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection.SetEnumValue(&message, &field, 1);
      return true;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&message, &field, true);
      return true;
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(&message, &field, "1");
      return true;
    default:
      return false;
  }
}

// An empty message in the field, of which there is one more now.
Message& Enter(Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  return field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field);
}

// Expects that each number in the answer's part at path, and that there is such a part, changes the digest.
void ExpectAllCount(const v1::Answer& base, const std::vector<const FieldDescriptor*>& path,
                    const std::set<std::string>& left_out) {
  v1::Answer prototype = base;
  Message* part = &prototype;
  for (const FieldDescriptor* step : path) part = &Enter(*part, *step);
  if (!path.empty()) {
    EXPECT_NE(DigestOf(prototype), DigestOf(base)) << "with an empty " << path.back()->full_name();
  }
  for (int i = 0; i < part->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *part->GetDescriptor()->field(i);
    if (left_out.count(field.full_name()) != 0) continue;
    v1::Answer changed = prototype;
    Message* of_changed = &changed;
    for (const FieldDescriptor* step : path) {
      const auto& reflection = *of_changed->GetReflection();
      of_changed = step->is_repeated() ? reflection.MutableRepeatedMessage(of_changed, step, 0)
                                       : reflection.MutableMessage(of_changed, step);
    }
    if (SetToOne(*of_changed, field)) {
      EXPECT_NE(DigestOf(changed), DigestOf(prototype)) << field.full_name();
      continue;
    }
    ASSERT_EQ(field.cpp_type(), FieldDescriptor::CPPTYPE_MESSAGE) << field.full_name();
    std::vector<const FieldDescriptor*> deeper = path;
    deeper.push_back(&field);
    ExpectAllCount(base, deeper, left_out);
  }
}

TEST(AnswerDigestTest, EveryFieldOfAnAnswerCounts) {
  ExpectAllCount(v1::Answer(), {},
                 {"memsim.v1.Answer.sequence", "memsim.v1.Answer.misuse", "memsim.v1.LaneAnswer.answers"});
}

TEST(AnswerDigestTest, WhatIsLeftOutChangesNothing) {
  EXPECT_EQ(DigestOf(AnswerOf("value: 7 sequence: 1")), DigestOf(AnswerOf("value: 7 sequence: 2")));
  EXPECT_EQ(DigestOf(AnswerOf("concurrent { lanes { answers { value: 1 } } }")),
            DigestOf(AnswerOf("concurrent { lanes { answers { value: 2 } } }")));
}

TEST(AnswerDigestTest, TheSameNumbersInOtherPlacesAreAnotherAnswer) {
  const std::vector<const char*> answers = {
      "",
      "value: 1",
      "error_number: 1",
      "error_number: -1",
      "virtual_time_ns: 1",
      "duration_ns: 1",
      "value: 1 virtual_time_ns: 1",
      "signal { number: 1 }",
      "signal { code: 1 }",
      "signal { address: 1 }",
      "signal { number: 1 code: 1 address: 1 } ",
      "resource_limit { current: 1 }",
      "resource_limit { maximum: 1 }",
      "fault_counts { minor_faults: 1 }",
      "fault_counts { major_faults: 1 }",
      "free_refusal: FREE_REFUSAL_NO_SUCH_FRAME",
      "concurrent {}",
      "concurrent { lanes { end_time_ns: 1 } }",
      "concurrent { lanes { cpu: 1 } }",
      "concurrent { lanes {} lanes { end_time_ns: 1 } }",
  };
  std::set<std::string> digests;
  for (const char* const text : answers) digests.insert(DigestOf(AnswerOf(text)));
  EXPECT_EQ(digests.size(), answers.size());
}

// Where one answer ends and the next begins is in the digest too.
TEST(AnswerDigestTest, TwoAnswersAreNotOneWithMoreParts) {
  Digest one;
  AddAnswer(AnswerOf("concurrent { lanes { cpu: 0 end_time_ns: 0 } }"), one);
  AddAnswer(AnswerOf(""), one);
  Digest other;
  AddAnswer(AnswerOf("concurrent { lanes {} lanes {} }"), other);
  AddAnswer(AnswerOf(""), other);
  EXPECT_NE(one.ToHex(), other.ToHex());
}

// Machines of one model version must agree on every host and in every build.
TEST(AnswerDigestTest, TheEncodingIsPinned) {
  Digest digest;
  AddAnswer(AnswerOf("value: 4096 virtual_time_ns: 1000 duration_ns: 200 sequence: 9"), digest);
  AddAnswer(AnswerOf("error_number: 12 virtual_time_ns: 1200 signal { number: 11 code: 1 address: 4096 }"), digest);
  AddAnswer(AnswerOf("error_number: 22 free_refusal: FREE_REFUSAL_ALREADY_FREE"), digest);
  EXPECT_EQ(digest.ToHex(), "cd907f08e0d2084aa83359f7c5f6a636");
}

}  // namespace
}  // namespace memsim
