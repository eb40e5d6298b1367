#include "napi/inspection.h"

#include <memory>
#include <utility>

namespace addon {

namespace {

Napi::Number number(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

class InspectionWorker : public Napi::AsyncWorker {
 public:
  InspectionWorker(Napi::Env env, std::string folder)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), folder_(std::move(folder)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { status_ = core::inspect(folder_, core::FilesBy::kAnyManifest, &inspection_); }

  void OnOK() override {
    if (status_.ok()) {
      deferred_.Resolve(to_object(Env(), inspection_));
      return;
    }
    Napi::Array failure = Napi::Array::New(Env(), 2);
    failure[0U] = Napi::String::New(Env(), core::name_of(status_.code));
    failure[1U] = Napi::String::New(Env(), status_.message);
    deferred_.Resolve(failure);
  }

  // Out of memory.
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  const Napi::Promise::Deferred deferred_;
  const std::string folder_;
  core::Status status_;
  core::Inspection inspection_;
};

}  // namespace

Napi::Object to_object(Napi::Env env, const core::Inspection& inspection) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array findings = Napi::Array::New(env, inspection.findings.size());
  uint32_t at = 0;
  for (const core::Finding& finding : inspection.findings) {
    Napi::Object each = Napi::Object::New(env);
    each.Set("kind", finding.kind);
    each.Set("file", finding.file);
    each.Set("offset", number(env, finding.offset));
    each.Set("message", finding.what);
    findings[at++] = each;
  }
  Napi::Array families = Napi::Array::New(env, inspection.families_behind_hole.size());
  at = 0;
  for (const std::string& name : inspection.families_behind_hole) families[at++] = Napi::String::New(env, name);
  object.Set("findings", findings);
  if (inspection.taken) {
    object.Set("takenManifest", inspection.taken->name);
    object.Set("isTakenKnown", Napi::Boolean::New(env, inspection.taken->is_known));
  }
  object.Set("columnFamilies", families);
  object.Set("recoverable", number(env, inspection.last_sequence));
  object.Set("durable", number(env, inspection.durable_sequence));
  object.Set("hasWatermark", Napi::Boolean::New(env, inspection.mark.has_value()));
  object.Set("walFiles", number(env, inspection.wal_files));
  object.Set("walRecords", number(env, inspection.wal_records));
  object.Set("walBytes", number(env, inspection.wal_bytes));
  object.Set("manifestRecords", number(env, inspection.manifest_records));
  return object;
}

Napi::Promise inspect_later(Napi::Env env, std::string folder) {
  auto worker = std::make_unique<InspectionWorker>(env, std::move(folder));
  const Napi::Promise promise = worker->promise();
  worker.release()->Queue();  // it deletes itself once it is done
  return promise;
}

Napi::Object to_object(Napi::Env env, const core::Recovered& recovered) {
  Napi::Object object = to_object(env, recovered.inspection);
  if (!recovered.evidence.empty()) object.Set("evidence", recovered.evidence);
  return object;
}

}  // namespace addon
