#include "api/bundle.h"

#include <nlohmann/json.hpp>
#include <sodium/utils.h>

#include "api/json_reader.h"
#include "base/text.h"

namespace vpclab::api {

using nlohmann::json;

namespace {

// Above what lab::load takes, so that its own, better message is the one that is seen.
constexpr std::size_t kMaxBundleFiles = 1024;
constexpr std::size_t kMaxBundleBytes = 40U << 20U;
constexpr std::size_t kMaxPathBytes = 4096;

std::string toBase64(const std::string& bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  std::string out(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    kVariant);
  out.pop_back();  // the terminator
  return out;
}

base::Result<std::string> fromBase64(const std::string& text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                        &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return base::fail(base::ErrorKind::kInvalid, "bundle: not base64");
  }
  out.resize(size);
  return out;
}

base::Result<std::string> contentFromJson(const json& value) {
  JsonReader reader(value, "file of a bundle");
  const json* text = reader.optionalMember("text");
  const json* encoded = reader.optionalMember("base64");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  const json* given = text != nullptr ? text : encoded;
  if ((text != nullptr) == (encoded != nullptr) || !given->is_string()) {
    return base::fail(base::ErrorKind::kInvalid,
                      "file of a bundle: either `text` or `base64` is expected, as a string");
  }
  return text != nullptr ? text->get<std::string>() : fromBase64(encoded->get_ref<const std::string&>());
}

}  // namespace

json bundleToJson(const Bundle& bundle) {
  json files = json::object();
  for (const auto& [path, content] : bundle.files) {
    files[path] = base::isValidUtf8(content) ? json{{"text", content}} : json{{"base64", toBase64(content)}};
  }
  return {{"path", bundle.path}, {"files", std::move(files)}};
}

base::Result<Bundle> bundleFromJson(const json& value) {
  Bundle bundle;
  JsonReader reader(value, "bundle");
  reader.take("path", bundle.path);
  const json* files = reader.member("files");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  if (bundle.path.empty()) {
    return base::fail(base::ErrorKind::kInvalid, "bundle: member `path`: it names no file");
  }
  if (!files->is_object()) {
    return base::fail(base::ErrorKind::kInvalid, "bundle: member `files`: an object is expected");
  }
  if (files->size() > kMaxBundleFiles || bundle.path.size() > kMaxPathBytes) {
    return base::fail(base::ErrorKind::kLimit,
                      "bundle: more than " + std::to_string(kMaxBundleFiles) + " files, or a path that is too long");
  }
  std::size_t bytes = 0;
  for (const auto& [path, file] : files->items()) {
    auto content = contentFromJson(file);
    if (!content) {
      return base::fail(std::move(content.error()));
    }
    bytes += content->size();
    if (bytes > kMaxBundleBytes || path.size() > kMaxPathBytes) {
      return base::fail(base::ErrorKind::kLimit,
                        "bundle: more than " + std::to_string(kMaxBundleBytes) + " bytes, or a path that is too long");
    }
    bundle.files.emplace(path, std::move(*content));
  }
  return bundle;
}

}  // namespace vpclab::api
