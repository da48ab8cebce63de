#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {

void nameNoun(Noun& noun, const Names::Named& self) {
  noun.id = self.id;
  noun.title = self.title.empty() ? self.id : self.title;
  noun.pos = self.pos;
}

std::string called(const Noun& noun) {
  return noun.title == noun.id ? quote(noun.id) : quote(noun.id) + " (" + noun.title + ")";
}

void parseRegion(Context& context, const Names::Named& self, const Value& value) {
  const Object object(context, value, kRegionShape, self.id);
  nameNoun(context.lab.regions[self.id], self);
}

}  // namespace vpclab::lab
