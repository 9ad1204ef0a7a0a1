"""The channels as one table: what each is called and what has to be known before it can be used. Pure.

The office's pages draw their forms from here and `configure.py` checks by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from qtxvol.orders.lifecycle import Label


class SpecType(StrEnum):
    """How a setting is written."""

    TEXT = "text"
    LINES = "lines"
    CHOICE = "choice"
    NUMBER = "number"
    #: Write-only: shown as dots, kept when left empty.
    SECRET = "secret"  # noqa: S105 - the name of a type


@dataclass(frozen=True, slots=True)
class Field:
    """A setting.

    :ivar high: most characters, or the largest number. :ivar hint: what to write there.
    :ivar leads_secrets: it says where secrets go, or in what; who changes it has to know them.
    """

    name: str
    label: Label
    type: SpecType = SpecType.TEXT
    high: int = 120
    is_required: bool = False
    default: str = ""
    choices: tuple[tuple[str, Label], ...] = ()
    hint: Label = Label("", "")  # noqa: RUF009 - frozen
    leads_secrets: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """A channel.

    :ivar address: what an address of this channel is called. :ivar is_robot: its address is a secret of its own and
        is never shown again. :ivar is_office_only: only the office may add such addresses.
    """

    code: str
    label: Label
    about: Label
    address: Label
    example: str
    fields: tuple[Field, ...] = ()
    is_robot: bool = False
    is_office_only: bool = False

    @property
    def defaults(self) -> dict[str, str]:
        return {field.name: field.default for field in self.fields}

    def missing(self, values: Mapping[str, str]) -> Field | None:
        """The first required setting that is not there."""
        return next((field for field in self.fields if field.is_required and not values.get(field.name)), None)


_HOSTS = Field(
    "hosts",
    Label("另外允许的主机", "Other hosts allowed"),
    high=300,
    hint=Label(
        "默认只发往官方地址。私有化部署的，在这里写主机名，用空格分开。",
        "Only the official hosts, unless you name your own here, separated by spaces.",
    ),
)

CHANNELS: Mapping[str, Spec] = {
    spec.code: spec
    for spec in (
        Spec(
            "mail",
            Label("电子邮件", "Mail"),
            Label("通过单位的邮件服务器发送", "Through your own mail server"),
            Label("邮箱地址", "Mail address"),
            "keji@example.cn",
            (
                Field("host", Label("邮件服务器", "Mail server"), is_required=True, leads_secrets=True),
                Field(
                    "security",
                    Label("加密方式", "Encryption"),
                    SpecType.CHOICE,
                    is_required=True,
                    default="tls",
                    choices=(
                        ("tls", Label("TLS（一般是 465 端口）", "TLS (mostly port 465)")),
                        ("starttls", Label("STARTTLS（一般是 587 端口）", "STARTTLS (mostly port 587)")),
                        ("none", Label("不加密（只用于内网）", "None (closed networks only)")),
                    ),
                ),
                Field("port", Label("端口", "Port"), SpecType.NUMBER, 65535, is_required=True, default="465"),
                Field("username", Label("登录名", "User name")),
                Field("password", Label("密码或授权码", "Password"), SpecType.SECRET),
                Field("sender", Label("发件地址", "Sender's address"), is_required=True),
                Field("sender_name", Label("发件人名称", "Sender's name"), high=40, default="青铜峡科普点单"),
            ),
        ),
        Spec(
            "sms",
            Label("短信", "SMS"),
            Label("通过短信平台的 HTTP 接口发送", "Through an SMS provider's HTTP interface"),
            Label("手机号", "Mobile number"),
            "13900000000",
            (
                Field(
                    "method",
                    Label("请求方式", "Method"),
                    SpecType.CHOICE,
                    is_required=True,
                    default="POST",
                    choices=(("POST", Label("POST", "POST")), ("GET", Label("GET", "GET"))),
                ),
                Field(
                    "url",
                    Label("接口地址", "Address"),
                    high=500,
                    is_required=True,
                    hint=Label(
                        "可以写 {phone}、{text}、{key}、{account}、{secret}。",
                        "May hold {phone}, {text}, {key}, {account}, {secret}.",
                    ),
                    leads_secrets=True,
                ),
                Field(
                    "headers",
                    Label("请求头", "Headers"),
                    SpecType.LINES,
                    1000,
                    default="Content-Type: application/json",
                    hint=Label("每行一个，例如 Content-Type: application/json", "One a line"),
                    leads_secrets=True,
                ),
                Field("body", Label("请求内容", "Body"), SpecType.LINES, 4000, leads_secrets=True),
                Field("account", Label("账号 {account}", "Account {account}")),
                Field("secret", Label("密钥 {secret}", "Secret {secret}"), SpecType.SECRET, 300),
                Field(
                    "success",
                    Label("怎样算成功", "Taken when"),
                    high=200,
                    is_required=True,
                    default="status:200",
                    hint=Label(
                        "例如 json:Code=OK、status:200 或 contains:success。",
                        "json:Code=OK, status:200 or contains:success, for example.",
                    ),
                ),
                Field(
                    "again",
                    Label("哪些回答要重试", "Try again when"),
                    SpecType.LINES,
                    500,
                    hint=Label("每行一条，写法同上。网络故障总会重试。", "One a line, written alike."),
                ),
                Field(
                    "reference",
                    Label("平台流水号在哪里", "Where the provider's number stands"),
                    hint=Label("例如 BizId。可以不填。", "BizId, for example."),
                ),
            ),
        ),
        Spec(
            "wecom",
            Label("企业微信群机器人", "WeCom group robot"),
            Label("发到企业微信群", "Into a WeCom group"),
            Label("机器人的 Webhook 地址", "The robot's webhook address"),
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
            (_HOSTS,),
            is_robot=True,
        ),
        Spec(
            "dingtalk",
            Label("钉钉群机器人", "DingTalk group robot"),
            Label("发到钉钉群，支持加签", "Into a DingTalk group, signed or not"),
            Label("机器人的 Webhook 地址", "The robot's webhook address"),
            "https://oapi.dingtalk.com/robot/send?access_token=…#SEC…",
            (_HOSTS,),
            is_robot=True,
        ),
        Spec(
            "feishu",
            Label("飞书群机器人", "Feishu group robot"),
            Label("发到飞书群，支持签名校验", "Into a Feishu group, signed or not"),
            Label("机器人的 Webhook 地址", "The robot's webhook address"),
            "https://open.feishu.cn/open-apis/bot/v2/hook/…#…",
            (_HOSTS,),
            is_robot=True,
        ),
        Spec(
            "webhook",
            Label("通用 Webhook", "Webhook"),
            Label("以签名的 JSON 发给别的系统", "Signed JSON for another system"),
            Label("接收地址", "Receiving address"),
            "https://example.cn/hook#…",
            (
                Field(
                    "secret",
                    Label("签名密钥", "Signing secret"),
                    SpecType.SECRET,
                    200,
                    hint=Label(
                        "接收方用它核对签名。地址里 # 后面另写的密钥优先。",
                        "The receiver checks by it. One behind the # of an address goes first.",
                    ),
                ),
            ),
            is_robot=True,
        ),
        Spec(
            "apprise",
            Label("其他服务（apprise）", "Other services (apprise)"),
            Label("一百多种服务，需另装 notify-more", "A hundred others; needs the extra notify-more"),
            Label("apprise 地址", "apprise address"),
            "bark://host/…",
            (
                Field(
                    "services",
                    Label("允许的服务", "Services allowed"),
                    high=300,
                    is_required=True,
                    hint=Label(
                        "写地址里 :// 前面的词，用空格分开，例如 bark ntfy。", "Words before ://, such as bark ntfy."
                    ),
                ),
            ),
            is_robot=True,
            is_office_only=True,
        ),
    )
}
