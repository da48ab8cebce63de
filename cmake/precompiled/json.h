#pragma once

// The JSON library's templates that cost most, for what precompiles its header: compiled once, in json.cc, instead of
// by each source that includes it.
#include <nlohmann/json.hpp>

NLOHMANN_JSON_NAMESPACE_BEGIN
extern template class basic_json<>;
namespace detail {
extern template class serializer<json>;
extern template class lexer<json, iterator_input_adapter<const char*>>;
extern template class lexer<json, iterator_input_adapter<std::string::const_iterator>>;
extern template class parser<json, iterator_input_adapter<const char*>>;
extern template class parser<json, iterator_input_adapter<std::string::const_iterator>>;
}  // namespace detail
NLOHMANN_JSON_NAMESPACE_END
