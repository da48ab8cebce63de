#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "keeper/answer.h"
#include "keeper/process_slot.h"
#include "keeper/tunnel_slot.h"

namespace vpclab::keeper {

// All that one keeper keeps, and what clients may ask about it.
class Registry {
 public:
  explicit Registry(Context* context) : context_(context) {}

  // Carries out one request; see wire.h. `reply` is called at most once, perhaps later.
  void handle(const nlohmann::json& request, base::Deadline deadline, Reply reply);
  // Ends everything, then calls `done`.
  void endAll(base::Deadline deadline, std::function<void()> done);

 private:
  using Key = std::pair<std::string, std::string>;  // namespace, name of the process or interface
  void put(const nlohmann::json& request, base::Deadline deadline, Reply reply);
  void remove(const nlohmann::json& request, base::Deadline deadline, Reply reply);
  void putTunnel(const nlohmann::json& request, base::Deadline deadline, Reply reply);
  void removeTunnel(const nlohmann::json& request, base::Deadline deadline, Reply reply);
  void openTunnel(const nlohmann::json& request, const Reply& reply);
  void control(const nlohmann::json& request, const Reply& reply);
  void output(const nlohmann::json& request, const Reply& reply);
  Listing list() const;
  base::Result<ProcessSlot*> find(const nlohmann::json& request);

  Context* context_;
  std::map<Key, std::unique_ptr<ProcessSlot>> processes_;
  std::map<Key, std::unique_ptr<TunnelSlot>> tunnels_;
  bool ending_ = false;
};

}  // namespace vpclab::keeper
