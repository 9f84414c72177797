// Objects that say of which class they are, each in another way (R14.9, steps 4 and 5).
#include "counted.h"
#include "factory.h"
#include "faces.h"

namespace {
class Info final : public ITypeInfo, public Counted {
public:
    explicit Info(const GUID &clsid) : Counted(static_cast<void *>(this), sizeof(Info)), clsid(clsid) {}
    COUNTED
    OFFERS(ITypeInfo)

    HRESULT GetTypeAttr(TYPEATTR **attributes) override
    {
        CALL;
        *attributes = new TYPEATTR{clsid, 0, 0, {}};
        return S_OK;
    }
    void ReleaseTypeAttr(TYPEATTR *attributes) override { CALL; delete attributes; }
    HRESULT unused04() override { return E_NOTIMPL; }
    HRESULT unused05() override { return E_NOTIMPL; }
    HRESULT unused06() override { return E_NOTIMPL; }
    HRESULT unused07() override { return E_NOTIMPL; }
    HRESULT unused08() override { return E_NOTIMPL; }
    HRESULT unused09() override { return E_NOTIMPL; }
    HRESULT unused10() override { return E_NOTIMPL; }
    HRESULT unused11() override { return E_NOTIMPL; }
    HRESULT unused12() override { return E_NOTIMPL; }
    HRESULT unused13() override { return E_NOTIMPL; }
    HRESULT unused14() override { return E_NOTIMPL; }
    HRESULT unused15() override { return E_NOTIMPL; }
    HRESULT unused16() override { return E_NOTIMPL; }
    HRESULT unused17() override { return E_NOTIMPL; }
    HRESULT unused18() override { return E_NOTIMPL; }
    void unused20() override {}
    void unused21() override {}

private:
    const GUID clsid;
};

// Described answers GetGUID with its class, which the rule book's text expects; the other with the IID of its events.
class Described final : public INamed, public IProvideClassInfo2, public Counted {
public:
    Described(const GUID &clsid, const GUID &guid) : Counted(static_cast<void *>(this), sizeof(Described)), clsid(clsid), guid(guid) {}
    COUNTED
    OFFERS(INamed, IProvideClassInfo2, IProvideClassInfo)

    HRESULT get_Name(BSTR *value) override { CALL; *value = bstr("described"); return S_OK; }
    HRESULT put_Name(BSTR) override { CALL; return E_NOTIMPL; }
    HRESULT GetClassInfo(ITypeInfo **info) override { CALL; *info = new Info(clsid); return S_OK; }
    HRESULT GetGUID(uint32_t kind, GUID *out) override { CALL; *out = guid; return kind == 1 ? S_OK : E_INVALIDARG; }

private:
    const GUID clsid, guid;
};

class DescribedByInfo final : public INamed, public IProvideClassInfo, public Counted {
public:
    NAMED(DescribedByInfo)
    COUNTED
    OFFERS(INamed, IProvideClassInfo)

    HRESULT get_Name(BSTR *value) override { CALL; *value = bstr("described by info"); return S_OK; }
    HRESULT put_Name(BSTR) override { CALL; return E_NOTIMPL; }
    HRESULT GetClassInfo(ITypeInfo **info) override { CALL; *info = new Info(CLSID_DescribedByInfo); return S_OK; }
};

HRESULT handed(Described *object, const GUID &iid, void **out)
{
    HRESULT result = object->query(iid, out);
    object->give_back();
    return result;
}
}

HRESULT make_described(const GUID &iid, void **out) { return handed(new Described(CLSID_Described, CLSID_Described), iid, out); }
HRESULT make_described_by_source(const GUID &iid, void **out)
{
    return handed(new Described(CLSID_DescribedBySource, IID_DSourceEvents), iid, out);
}
HRESULT make_described_by_info(const GUID &iid, void **out) { return made<DescribedByInfo>(iid, out); }
